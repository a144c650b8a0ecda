"""`insights dashboard`: the dashboard on this machine, over the account that the commands work on."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from infra import ROOT
from infra.cli.errors import fail
from infra.cli.ports import is_port_taken

APP = ROOT / "transforms" / "bi" / "dashboard" / "app.py"
PORT = 8501


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on 127.0.0.1.")] = PORT,
) -> None:
    """Serve the dashboard on 127.0.0.1 until Ctrl-C."""
    if is_port_taken(port):
        fail(f"port {port} is taken", "the dashboard may be running already; `--port` takes another port")
    typer.echo(f"dashboard at http://127.0.0.1:{port}   (Ctrl-C stops it)")
    words = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)]
    # Streamlit looks for its settings in the working directory
    process = subprocess.Popen(words, cwd=APP.parent, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        raise typer.Exit(process.wait())
    except KeyboardInterrupt:
        process.wait()
