"""`make bench`: what the bot costs, each figure beside a floor measured in the same run."""
