"""`insights reconcile`: the comparison that the nightly build runs, with this program's errors.

The build runs it as `python -m transforms.reconcile`, without this package.
"""

from infra.cli.errors import explain_errors
from transforms.reconcile.command import reconcile as run_reconcile

reconcile = explain_errors()(run_reconcile)
