"""vhealthd: examines VMware vCenters and says plainly what is wrong, what is fine and what it could not see."""
