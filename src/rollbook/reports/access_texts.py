"""The words of the archive that a person gets about themself: plain, and in their language."""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

EN: Texts = {
    "title": "What is held about {name}",
    "made": "Made on {day}. This archive is yours alone: keep it where nobody else reads it.",
    "intro": "Rollbook is the attendance book of your school or office. This page lists everything "
    "that it holds about you. The same lies beside it for computers: data.json, and one table for "
    "each part in the folder csv.",
    "others": "Other people are not named here. Where a camera compared your face with others, "
    "only their number is told. Of those who work here the role is told and not the name: what "
    "they did is recorded with their name, and the office can tell you more.",
    "person": "You",
    "groups": "Groups that you belong or belonged to",
    "consents": "What you, or your guardian, agreed to",
    "samples": "Pictures and templates of your face",
    "attendance": "Your attendance",
    "absences": "Absences that were told in advance",
    "requests": "What you asked for",
    "codes": "PIN, card and phone code",
    "contacts": "Who is told about you",
    "messages": "Messages about you, of the last 30 days",
    "account": "Your account",
    "browsers": "Browsers in which you are signed in",
    "passkeys": "Passkeys",
    "programs": "Keys of programs that act for you",
    "tasks": "Work of the computer that concerns you",
    "unsure_faces": "Unsure faces that may be yours",
    "entries": "What was done with your data, and who looked",
    "receipts": "Receipts",
    "facts": "Where copies are, and how long things are kept",
    "about_samples": "A template is a row of numbers that a program computes from a picture of "
    "your face, to compare it with the picture of a camera. It cannot be turned back into your "
    "picture by hand, but it is as personal as one. Your numbers lie in the folder templates, "
    "your pictures in the folder pictures.",
    "about_attendance": "Score: how alike your face was, from -1 to 1, where more is more alike. "
    "Threshold: from which score on the program gives a name. Margin: how far you were ahead of "
    "the next person. A mark that is wrong can be disputed on your own page.",
    "about_codes": "The codes themselves are not told: of a PIN only a digest is kept.",
    "about_unsure_faces": "Nobody has decided on them yet. No picture of them is kept.",
    "about_entries": "Each line is an entry of a book that cannot be changed afterwards unnoticed.",
    "facts_backups": "Backups: {value}.",
    "facts_retention": "Consents end, and with them your pictures: {value}.",
    "no_backups": "none are set up, so no copy made by Rollbook is known",
    "backups_at": "number of places with copies: {value}; what is erased is gone from them with "
    "the next ones",
    "until_withdrawn": "on the day that stands with each consent, or when you withdraw it",
    "picture": "Picture {number}",
    "empty": "Of these, nothing is held: {names}.",
    "mark": "{kind}, {at}: {method}, written by: {by}.",
    "evidence": "Alike to {score} (needed {threshold}), ahead of the next person by {margin} "
    "(needed {required_margin}), on {frames} pictures, among {gallery_size} people.",
    "remark": "Remark: {reason}",
}
DE: Texts = {
    "title": "Was über {name} gespeichert ist",
    "made": "Erstellt am {day}. Dieses Archiv ist nur für Sie: Bewahren Sie es so auf, dass es "
    "niemand sonst liest.",
    "intro": "Rollbook ist das Anwesenheitsbuch Ihrer Schule oder Ihres Büros. Diese Seite führt "
    "alles auf, was darin über Sie gespeichert ist. Dasselbe liegt für Computer daneben: "
    "data.json, und je Teil eine Tabelle im Ordner csv.",
    "others": "Andere Personen werden hier nicht genannt. Wo eine Kamera Ihr Gesicht mit anderen "
    "verglichen hat, steht nur deren Anzahl. Von denen, die hier arbeiten, steht die Rolle und "
    "nicht der Name: Was sie getan haben, ist mit ihrem Namen verzeichnet; das Sekretariat kann "
    "Ihnen mehr sagen.",
    "person": "Sie",
    "groups": "Gruppen, zu denen Sie gehören oder gehörten",
    "consents": "Worin Sie oder Ihre Sorgeberechtigten eingewilligt haben",
    "samples": "Bilder und Vorlagen Ihres Gesichts",
    "attendance": "Ihre Anwesenheit",
    "absences": "Vorab gemeldete Abwesenheiten",
    "requests": "Worum Sie gebeten haben",
    "codes": "PIN, Karte und Code auf dem Telefon",
    "contacts": "Wem etwas über Sie mitgeteilt wird",
    "messages": "Nachrichten über Sie aus den letzten 30 Tagen",
    "account": "Ihr Konto",
    "browsers": "Browser, in denen Sie angemeldet sind",
    "passkeys": "Passkeys",
    "programs": "Schlüssel von Programmen, die für Sie handeln",
    "tasks": "Arbeiten des Computers, die Sie betreffen",
    "unsure_faces": "Unsichere Gesichter, die Ihres sein könnten",
    "entries": "Was mit Ihren Daten getan wurde, und wer hineingesehen hat",
    "receipts": "Belege",
    "facts": "Wo Kopien sind, und wie lange etwas aufbewahrt wird",
    "about_samples": "Eine Vorlage ist eine Reihe von Zahlen, die ein Programm aus einem Bild "
    "Ihres Gesichts berechnet, um es mit dem Bild einer Kamera zu vergleichen. Von Hand wird "
    "daraus kein Bild mehr, aber sie ist so persönlich wie eines. Ihre Zahlen liegen im Ordner "
    "templates, Ihre Bilder im Ordner pictures.",
    "about_attendance": "Wert (score): wie ähnlich Ihr Gesicht war, von -1 bis 1; mehr ist "
    "ähnlicher. Schwelle (threshold): ab welchem Wert das Programm einen Namen nennt. Abstand "
    "(margin): wie weit Sie vor der nächsten Person lagen. Einer falschen Angabe können Sie auf "
    "Ihrer eigenen Seite widersprechen.",
    "about_codes": "Die Codes selbst stehen hier nicht: Von einer PIN wird nur eine Prüfsumme "
    "aufbewahrt.",
    "about_unsure_faces": "Über sie hat noch niemand entschieden. Ein Bild davon gibt es nicht.",
    "about_entries": "Jede Zeile ist ein Eintrag eines Buches, das hinterher niemand unbemerkt "
    "ändern kann.",
    "facts_backups": "Sicherungen: {value}.",
    "facts_retention": "Einwilligungen enden, und mit ihnen Ihre Bilder: {value}.",
    "no_backups": "Es sind keine eingerichtet; eine von Rollbook gemachte Kopie ist nicht bekannt",
    "backups_at": "Zahl der Orte mit Kopien: {value}; was gelöscht wird, ist mit den nächsten "
    "auch dort fort",
    "until_withdrawn": "an dem Tag, der bei jeder Einwilligung steht, oder wenn Sie sie widerrufen",
    "picture": "Bild {number}",
    "empty": "Hiervon ist nichts gespeichert: {names}.",
    "mark": "{kind}, {at}: {method}, eingetragen durch: {by}.",
    "evidence": "Ähnlich zu {score} (nötig {threshold}), vor der nächsten Person um {margin} "
    "(nötig {required_margin}), auf {frames} Bildern, unter {gallery_size} Personen.",
    "remark": "Bemerkung: {reason}",
}
LANGUAGES: Mapping[str, Texts] = {"en": EN, "de": DE}

# names of fields and values, where the plain name would not do in that language
DE_WORDS: Texts = {
    "name": "Name",
    "subject id": "Zufallsnummer",
    "external id": "Nummer der Schule oder des Büros",
    "contacts": "Kontakte",
    "minor": "minderjährig",
    "invented": "erfunden",
    "group": "Gruppe",
    "group id": "Nummer der Gruppe",
    "since": "seit",
    "until": "bis",
    "text id": "Fassung des Textes",
    "text": "Text",
    "given by": "eingewilligt von",
    "guardian": "Sorgeberechtigte",
    "recorded at": "verzeichnet am",
    "scopes": "wofür",
    "language": "Sprache",
    "retain until": "gilt bis",
    "withdrawn at": "widerrufen am",
    "crops withdrawn at": "Bilder widerrufen am",
    "quality": "Güte (0 bis 100)",
    "pose": "Haltung",
    "source": "Herkunft",
    "added at": "aufgenommen am",
    "space": "Art der Vorlage",
    "numbers": "Anzahl der Zahlen",
    "day": "Tag",
    "session": "Stunde",
    "status": "Status",
    "why": "warum",
    "marks": "Einträge",
    "kind": "Art",
    "at": "Zeit",
    "method": "auf welchem Weg",
    "by": "durch (Rolle)",
    "rule": "Regel",
    "reason": "Bemerkung",
    "evidence": "worauf es beruht",
    "score": "Wert",
    "threshold": "Schwelle",
    "margin": "Abstand",
    "required margin": "nötiger Abstand",
    "frames": "Bilder",
    "candidates": "verglichene Personen (Anzahl)",
    "first day": "erster Tag",
    "last day": "letzter Tag",
    "label": "Grund",
    "told by": "gemeldet durch (Rolle)",
    "told at": "gemeldet am",
    "note": "Notiz",
    "asked at": "gebeten am",
    "wanted": "gewünscht",
    "state": "Stand",
    "decided at": "entschieden am",
    "decided by": "entschieden durch (Rolle)",
    "answer": "Antwort",
    "made at": "gemacht am",
    "login": "Anmeldename",
    "role": "Rolle",
    "email": "E-Mail",
    "active": "freigegeben",
    "password set": "Kennwort gesetzt",
    "second factors": "zweite Faktoren",
    "seen at": "zuletzt benutzt",
    "ends at": "endet am",
    "what": "was geschah",
    "number": "Nummer",
    "receipt": "Beleg",
    "present": "anwesend",
    "late": "verspätet",
    "left early": "früher gegangen",
    "absent": "abwesend",
    "excused": "entschuldigt",
    "open": "offen",
    "arrived": "gekommen",
    "seen": "gesehen",
    "left": "gegangen",
    "face": "am Gesicht erkannt",
    "crops": "Bilder aufbewahren",
    "photo": "auf einem Klassenfoto erkannt",
    "hand": "von Hand",
    "pin": "mit PIN",
    "qr": "mit QR-Code",
    "card": "Karte",
    "phone": "Telefon",
    "camera": "Kamera",
    "administrator": "Verwaltung",
    "faculty": "Lehrkraft",
    "subject": "Person",
    "command line": "Verwaltung",
    "command": "Verwaltung",
    "timetable": "Stundenplan",
    "pose left": "links",
    "front": "von vorn",
    "right": "rechts",
    "up": "oben",
    "down": "unten",
    "access": "Zugriff",
    "account": "Konto",
    "consent": "Einwilligung",
    "enrolment": "Aufnahmen",
    "trust": "Schlüssel und Rechte",
    "added": "aufgenommen",
    "renamed": "Angaben geändert",
    "joined": "in eine Gruppe gekommen",
    "people joined": "in eine Gruppe gekommen",
    "people moved": "in eine andere Gruppe gekommen",
    "people left": "aus einer Gruppe gegangen",
    "recorded": "Einwilligung verzeichnet",
    "withdrawn": "Einwilligung widerrufen",
    "enrolled": "Bilder aufgenommen",
    "samples deleted": "Bilder gelöscht",
    "encoded anew": "Vorlagen neu berechnet",
    "faces looked at": "Bilder angesehen",
    "access given": "dieses Archiv herausgegeben",
    "PIN set": "PIN gesetzt",
    "PIN removed": "PIN entfernt",
    "PIN refused": "falsche PIN eingegeben",
    "card made": "Karte gemacht",
    "card revoked": "Karte gesperrt",
    "phone made": "Code aufs Telefon gebracht",
    "phone revoked": "Code des Telefons gesperrt",
    "absence told": "Abwesenheit gemeldet",
    "absence shortened": "Abwesenheit verkürzt",
    "absence taken back": "Abwesenheit zurückgenommen",
    "request made": "um etwas gebeten",
    "request granted": "Bitte erfüllt",
    "request refused": "Bitte abgelehnt",
    "request withdrawn": "Bitte zurückgenommen",
    "yes": "ja",
    "no": "nein",
}


def word(language: str, text: str, column: str = "") -> str:
    """Return the name of a field, or a value of a column, in this language; else itself.

    >>> word("de", "asked_at"), word("en", "asked_at")
    ('gebeten am', 'asked at')
    """
    shown = text.replace("_", " ")
    if language != "de":
        return shown
    return DE_WORDS.get(f"{column} {shown}", DE_WORDS.get(shown, shown))
