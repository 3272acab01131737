"""Message move tasks: the redrive of dead-letter queues."""
