"""Lambda `todo-pipeline-ended`: what only somebody outside can tell about an execution, once it has ended."""
