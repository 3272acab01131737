"""EventBridge Scheduler: groups, schedules, and the calls that they make when they are due."""
