"""The programme's timetable: its milestones, whether they are on time, who changed what, and the board pack."""
