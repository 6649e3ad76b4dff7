"""What runs inside MiniStack's process: the parts of AWS that it lacks, and the gate before all of it."""
