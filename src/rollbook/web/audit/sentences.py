"""What each event of the register is in words: whole sentences, with the names put in later."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from rollbook.domain.register import EntryKind

KINDS = {
    EntryKind.MARK: _l("Marks"),
    EntryKind.SESSION: _l("Sessions and timetable"),
    EntryKind.SUBJECT: _l("People and groups"),
    EntryKind.ENROLMENT: _l("Samples"),
    EntryKind.CONSENT: _l("Consents"),
    EntryKind.EXPORT: _l("Exports"),
    EntryKind.SETTING: _l("Settings"),
    EntryKind.ACCOUNT: _l("Accounts, kiosks and keys"),
    EntryKind.ACCESS: _l("Sign-ins, refusals and looks at faces"),
    EntryKind.TRUST: _l("Keys, backups and erasures"),
    EntryKind.ROWS: _l("Notes on accounts, groups and settings"),
}

Sentences = Mapping[str, object]

MARKS: Sentences = {
    "arrived": _l("%(person)s arrived in %(session)s: %(method)s."),
    "seen": _l("%(person)s was seen again in %(session)s: %(method)s."),
    "left": _l("%(person)s left %(session)s: %(method)s."),
    "status": _l("%(who)s set %(person)s to “%(status)s” in %(session)s."),
    "taken back": _l("%(who)s took back what was set for %(person)s in %(session)s."),
    "absence": _l("%(person)s was excused in %(session)s, as was told in advance."),
}
SESSIONS: Sentences = {
    "opened": _l("%(who)s opened %(session)s."),
    "closed": _l("%(who)s closed %(session)s."),
    "not taken": _l("Nobody took the register of %(session)s."),
    "called off": _l("%(who)s called off %(session)s."),
    "restored": _l("%(who)s let %(session)s take place after all."),
    "planned": _l("Sessions of %(group)s were planned anew."),
    "series added": _l("%(who)s added a series of %(group)s to the timetable."),
    "series changed": _l("%(who)s changed a series of %(group)s."),
    "series ended": _l("%(who)s ended a series of %(group)s."),
}
SUBJECTS: Sentences = {
    "added": _l("%(who)s added %(person)s."),
    "renamed": _l("%(who)s changed the name or external id of %(person)s."),
    "removed": _l("%(who)s removed %(person)s; the key was destroyed."),
    "joined": _l("%(person)s joined %(group)s."),
    "left": _l("%(person)s left %(group)s."),
    "people joined": _l("%(who)s let %(count)s people join %(group)s."),
    "people moved": _l("%(who)s moved %(count)s people to %(group)s."),
    "people left": _l("%(who)s let %(count)s people leave %(group)s."),
    "group added": _l("%(who)s added the group %(group)s."),
    "group renamed": _l("%(who)s renamed the group %(group)s."),
    "staff added": _l("%(who)s put %(account)s in charge of %(group)s."),
    "staff left": _l("%(who)s relieved %(account)s of %(group)s."),
    "absence told": _l("%(who)s told an absence of %(person)s."),
    "absence shortened": _l("%(who)s shortened an absence of %(person)s."),
    "absence taken back": _l("%(who)s took back an absence of %(person)s."),
    "request made": _l("%(person)s asked for a correction or an excuse."),
    "request withdrawn": _l("%(person)s took a request back."),
    "request granted": _l("%(who)s granted a request of %(person)s."),
    "request refused": _l("%(who)s refused a request of %(person)s."),
    "recipient set": _l("%(who)s noted who gets messages about %(person)s."),
    "recipient removed": _l("%(who)s removed a recipient of messages about %(person)s."),
    "messages wanted": _l("%(who)s let messages about %(person)s come again."),
    "messages stopped": _l("%(who)s ended messages about %(person)s."),
    "unsure face decided": _l("%(who)s decided on an unsure face in %(session)s."),
    "unsure faces forgotten": _l(
        "Unsure faces of %(session)s that nobody decided on were forgotten: %(count)s."
    ),
}
ENROLMENTS: Sentences = {
    "enrolled": _l("%(who)s added samples of %(person)s."),
    "samples deleted": _l("%(who)s deleted samples of %(person)s."),
    "encoded anew": _l("%(who)s computed the templates of samples anew."),
}
CONSENTS: Sentences = {
    "recorded": _l("%(who)s recorded a consent of %(person)s."),
    "withdrawn": _l("%(who)s withdrew the consent of %(person)s."),
    "crops withdrawn": _l("%(who)s withdrew the consent to keep pictures of %(person)s."),
    "ran out": _l("The consents of %(count)s people have run out; their samples were deleted."),
    "consents limited": _l("%(who)s set the day on which consents of %(count)s people end."),
}
SETTING_NAMES = {
    "site_name": _l("name of the school or office"),
    "time_zone": _l("time zone"),
    "language": _l("language of the site"),
    "words": _l("words for statuses"),
    "institution": _l("kind of institution"),
    "place": _l("place and its law"),
    "faces_enabled": _l("recognition by faces"),
    "second_factor_required": _l("second factor for administrators"),
    "review_days": _l("days that unsure faces wait"),
    "policy": _l("rules of attendance"),
    "particulars": _l("what only you can tell in the papers"),
    "retention": _l("rules of retention"),
    "set_up": _l("set-up is done"),
}
SETTINGS: Sentences = {
    "backup destination added": _l("%(who)s added a destination for backups."),
    "backup destination removed": _l("%(who)s removed a destination for backups."),
    "backup schedule": _l("%(who)s changed at what time backups are made."),
    "backups kept": _l("%(who)s changed how many backups are kept: %(value)s."),
    "setting changed": _l("%(who)s changed the setting “%(setting)s”."),
    "absence reasons": _l("%(who)s changed the list of reasons for absences."),
    "weeks planned ahead": _l("%(who)s changed how far ahead sessions are planned."),
    "request rules changed": _l("%(who)s changed who decides on requests, and how soon."),
    "holiday region": _l("%(who)s changed whose public holidays apply."),
    "report planned": _l("%(who)s wants a report again and again: %(rhythm)s, as %(format)s."),
    "report plan ended": _l("%(who)s ended a report that came by itself: %(rhythm)s."),
    "term added": _l("%(who)s added a term."),
    "term changed": _l("%(who)s changed a term."),
    "term removed": _l("%(who)s removed a term."),
    "holidays added": _l("%(who)s added holidays."),
    "holidays removed": _l("%(who)s removed holidays."),
    "calendar imported": _l("%(who)s imported a calendar file."),
    "camera added": _l("%(who)s added the camera %(camera)s."),
    "camera changed": _l("%(who)s changed the camera %(camera)s."),
    "camera removed": _l("%(who)s removed the camera %(camera)s."),
    "camera switched on": _l("%(who)s switched on the camera %(camera)s."),
    "camera switched off": _l("%(who)s switched off the camera %(camera)s."),
    "message rules changed": _l("%(who)s changed what messages tell, and when."),
    "message address changed": _l("%(who)s changed the address in the links of messages."),
    "message channel added": _l("%(who)s added a channel for messages."),
    "message channel removed": _l("%(who)s removed a channel for messages."),
    "message text changed": _l("%(who)s changed a text of messages: %(value)s."),
    "message tried again": _l("%(who)s let a message be tried again."),
    "message given up": _l("A message could not be sent and was given up."),
    "kiosk greeting": _l("%(who)s changed how kiosks greet."),
}
ACCOUNTS: Sentences = {
    "added": _l("%(who)s added the account %(account)s."),
    "renamed": _l("%(who)s renamed the account %(account)s."),
    "role changed": _l("%(who)s gave the account %(account)s the role “%(role)s”."),
    "enabled": _l("%(who)s enabled the account %(account)s."),
    "disabled": _l("%(who)s disabled the account %(account)s."),
    "removed": _l("%(who)s removed the account %(account)s."),
    "one-time code": _l("%(who)s made a one-time code for the account %(account)s."),
    "password changed": _l("%(who)s changed the own password."),
    "second factor set up": _l("%(who)s set up an authenticator app."),
    "second factor removed": _l("%(who)s removed the second factor of %(account)s."),
    "recovery codes made": _l("%(who)s made new recovery codes."),
    "recovery code used": _l("%(who)s used a recovery code."),
    "passkey added": _l("%(who)s added a passkey."),
    "passkey removed": _l("%(who)s removed a passkey."),
    "session ended": _l("%(who)s signed out one browser of %(account)s."),
    "sessions ended": _l("%(who)s signed out %(account)s everywhere."),
    "other sessions ended": _l("%(who)s signed out all other browsers of the own."),
    "teaches": _l("%(who)s let %(account)s teach %(group)s."),
    "no longer teaches": _l("%(who)s let %(account)s teach %(group)s no longer."),
    "token made": _l("%(who)s made a token for a program."),
    "token revoked": _l("%(who)s revoked a token of %(account)s."),
    "kiosk added": _l("%(who)s added the kiosk %(device)s."),
    "kiosk changed": _l("%(who)s changed the kiosk %(device)s."),
    "kiosk code made": _l("%(who)s made a pairing code for the kiosk %(device)s."),
    "kiosk paired": _l("The kiosk %(device)s was paired."),
    "kiosk revoked": _l("%(who)s revoked the key of the kiosk %(device)s."),
    "kiosk removed": _l("%(who)s removed the kiosk %(device)s."),
    "PIN set": _l("%(who)s set a PIN for %(person)s."),
    "PIN removed": _l("%(who)s removed the PIN of %(person)s."),
    "card made": _l("%(who)s made a card with a code for %(person)s."),
    "card revoked": _l("%(who)s revoked the card of %(person)s."),
    "phone made": _l("%(person)s has a code on the phone."),
    "phone revoked": _l("%(who)s revoked the phone's code of %(person)s."),
    "recipient set": _l("%(who)s chose what messages %(account)s gets."),
    "recipient removed": _l("%(who)s ended the messages to %(account)s."),
    "messages wanted": _l("%(who)s let messages to %(account)s come again."),
    "messages stopped": _l("%(who)s ended the messages to %(account)s."),
    "cards printed": _l("%(who)s printed cards with codes."),
}
ACCESSES: Sentences = {
    "signed in": _l("%(who)s signed in."),
    "signed out": _l("%(who)s signed out."),
    "sign-in failed": _l("Somebody tried to sign in with a wrong name or password."),
    "sign-in failed of": _l("Somebody tried to sign in as %(account)s with a wrong password."),
    "second step failed": _l("Somebody failed in the second step of signing in."),
    "second step failed of": _l("Somebody failed in the second step of signing in as %(account)s."),
    "set-up code wrong": _l("A wrong code was typed when the site was set up."),
    "refused": _l("%(who)s was refused: %(route)s."),
    "PIN refused": _l("A wrong PIN was typed for %(person)s at a kiosk."),
    "faces looked at": _l("%(who)s looked at pictures of %(person)s."),
    "looked through a camera": _l("%(who)s looked through the camera %(camera)s."),
    "class photograph looked at": _l("%(who)s had a class photograph compared in %(session)s."),
    "audit exported": _l("%(who)s exported a part of the register."),
    "register checked": _l("%(who)s checked the register: %(faults)s faults."),
}
TRUST: Sentences = {
    "witness begun": _l(
        "The register began a new witness beside the keys: the old one was %(why)s."
    ),
    "anchor made": _l("%(who)s made an anchor of the register with %(entries)s entries."),
    "anchor checked": _l(
        "%(who)s compared the register with an anchor of %(entries)s entries: %(found)s."
    ),
    "loss accepted": _l(
        "%(who)s let the register go on after entry %(entries)s, although it had %(witnessed)s."
    ),
    "recovery sheet made": _l("%(who)s made a recovery sheet of the site key %(key_id)s."),
    "recovery shares made": _l(
        "%(who)s made %(of)s recovery shares of the site key %(key_id)s, of which %(needed)s are "
        "needed."
    ),
    "site key locked": _l("%(who)s put the site key %(key_id)s under a passphrase."),
    "site key unlocked": _l("%(who)s took the passphrase off the site key %(key_id)s."),
    "site key recovered": _l("%(who)s brought the site key %(key_id)s back from paper."),
    "site key moved to the keyring": _l(
        "%(who)s copied the site key %(key_id)s to the keyring of the system."
    ),
    "site key moved to a file": _l("%(who)s copied the site key %(key_id)s to a file."),
    "site key file removed": _l(
        "%(who)s deleted the key file: the site key %(key_id)s comes from elsewhere."
    ),
    "backup made": _l("%(who)s made a backup of %(entries)s entries; it was read back whole."),
    "backups go on": _l("%(who)s let backups go on after a restore."),
    "copies deleted": _l("%(who)s deleted %(count)s copies of the database that held keys."),
    "restored": _l("%(who)s restored this installation from the backup of %(made_at)s."),
    "erasure finished": _l("The erasure asked for by %(who)s is finished; the receipt tells more."),
    "erasure list mended": _l(
        "The list of erased people beside the keys lacked %(count)s; they were put on it again."
    ),
    "paper published": _l("%(who)s published the paper %(document_id)s."),
    "purged": _l("%(who)s deleted what was due by the rules of retention: %(count)s."),
    "access given": _l("%(who)s was given all that is held about %(person)s."),
    "keys: rotation begun": _l("%(who)s began to exchange the keys of the site."),
    "keys: rotation resumed": _l("%(who)s let the exchange of the keys go on."),
    "keys: rotation stopped": _l("%(who)s stopped the exchange of the keys."),
    "keys: rotation done": _l("The keys of the site were exchanged, as %(who)s asked."),
    "templates renewed": _l("%(who)s stored all templates under a new transform of the site."),
}
ROWS = {
    "rows changed": _l("Accounts, groups or settings were changed; what they are now was noted."),
    "rows found": _l(
        "Accounts, groups and settings were noted as they were found; from here on a check finds "
        "what is changed outside of Rollbook."
    ),
}
EXPORTS: Sentences = {
    "chart data taken": _l("%(who)s took the data of a chart as a file, with %(count)s lines."),
}
BY_KIND = {
    EntryKind.EXPORT: EXPORTS,
    EntryKind.SESSION: SESSIONS,
    EntryKind.SUBJECT: SUBJECTS,
    EntryKind.ENROLMENT: ENROLMENTS,
    EntryKind.CONSENT: CONSENTS,
    EntryKind.SETTING: SETTINGS,
    EntryKind.ACCOUNT: ACCOUNTS,
    EntryKind.ACCESS: ACCESSES,
    EntryKind.MARK: MARKS,
    EntryKind.TRUST: TRUST,
    EntryKind.ROWS: ROWS,
}
EXPORTED = _l("%(who)s exported the register of %(month)s as %(format)s.")
OTHERWISE = _l("%(who)s: %(event)s.")  # events of another version, or of a plug-in
