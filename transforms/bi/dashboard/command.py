"""`insights dashboard`: the dashboard on this machine, for whoever has the account's credentials."""

import os
import pathlib
import socket
import subprocess
import sys
from typing import Annotated

import typer

APP = pathlib.Path(__file__).with_name("app.py")
PORT = 8501


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on 127.0.0.1.")] = PORT,
) -> None:
    """Serve the dashboard on 127.0.0.1 until Ctrl-C."""
    if _taken(port):
        typer.echo(f"error: port {port} is taken: is the dashboard running already? --port takes another", err=True)
        raise typer.Exit(1)
    typer.echo(f"dashboard at http://127.0.0.1:{port}   (Ctrl-C stops it)")
    words = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)]
    # Streamlit looks for its settings in the working directory
    process = subprocess.Popen(words, cwd=APP.parent, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        raise typer.Exit(process.wait())
    except KeyboardInterrupt:
        process.wait()


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
