"""Lambda `todo-notify-operators`: words why a state failed, and sends it to the operators."""
