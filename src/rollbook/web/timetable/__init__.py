"""Groups, the timetable with its calendar, and absences that are told in advance."""
