"""Where the account keeps its temporary files."""

import pathlib
import socket
import uuid

from infra.local.account.settings import Settings


def test_a_socket_fits_into_the_temporary_folder_however_deep_the_checkout_lies(tmp_path: pathlib.Path) -> None:
    settings = Settings(home=tmp_path / ("a long name " * 10) / uuid.uuid4().hex)
    folder = settings.temporary / "pymp-12345678"
    folder.mkdir(parents=True)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "listener-12345678"))
    finally:
        (folder / "listener-12345678").unlink(missing_ok=True)
        folder.rmdir()
        settings.temporary.rmdir()


def test_it_lies_below_the_home_where_that_is_short_enough() -> None:
    home = pathlib.Path("/srv/account")
    assert Settings(home=home).temporary == home / "tmp"


def test_two_accounts_with_long_paths_share_none(tmp_path: pathlib.Path) -> None:
    homes = [tmp_path / ("long " * 20) / name for name in ("one", "two")]
    assert len({Settings(home=home).temporary for home in homes}) == len(homes)
