"""`insights dashboard`: the command of `transforms.bi`."""

from transforms.bi.dashboard.command import dashboard

__all__ = ["dashboard"]
