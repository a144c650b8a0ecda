"""`insights erase-user`: the command of `transforms.silver`, with this program's errors and target."""

from infra.cli.errors import explain_errors
from infra.cli.target import writes
from transforms.silver.erase_user import erase_user as run_erase_user

erase_user = writes()(explain_errors()(run_erase_user))
