"""What must not go before a named person has said so: four eyes, questions to approvers, passkeys."""
