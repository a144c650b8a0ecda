"""Lambda `todo-pipeline-ended`: metrics and messages about an execution that can be written only after its end."""
