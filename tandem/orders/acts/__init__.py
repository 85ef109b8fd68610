"""What people, and within limits the bot, do to an order beside cancelling it: money, goods, speed and notes."""
