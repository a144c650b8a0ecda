"""The rows behind a figure: of a metric, or of a cell of a saved query's answer."""
