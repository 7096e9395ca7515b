"""What Python programs and notebooks call: open a run, train one."""
