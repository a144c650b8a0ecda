"""Lambda `todo-resolve-window`: acquires the run lock and plans what one execution of the pipeline is to do."""
