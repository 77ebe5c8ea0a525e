"""The writers of planning: every action on a ticket that depends on the plan, and every decision."""
