"""What the project needs beyond Python packages and brings itself: Java, Node, the CDK CLI, Spark's jars."""
