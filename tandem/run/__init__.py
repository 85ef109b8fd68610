"""Running Tandem on one machine: the trained model, the demo's keys, the processes and what watches over them."""
