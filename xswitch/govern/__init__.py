"""Who may, who did, and why not: guards and their grants, the audit log, and denials explained."""
