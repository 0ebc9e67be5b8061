"""The forms that tables come in: lines that are interactions already, or what each customer owns month by month."""
