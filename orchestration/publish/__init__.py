"""Lambda `todo-publish-insights`: what gold says goes to where it is asked for."""
