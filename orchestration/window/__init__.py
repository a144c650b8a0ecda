"""Lambda `todo-resolve-window`: what one execution of the pipeline is to do, and whether it is its turn."""
