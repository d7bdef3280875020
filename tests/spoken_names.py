"""Small episodes with what their speakers are to be called: introductions, greetings, printed names, and decoys.

Written before the reader was run on them, language by language; `None` is right where nobody can know, or where what is said
contradicts itself. Speakers are `A`, `B`, `C`; a turn is `"A: text"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from storage.documents import Episode, Note, Person, Segment, Speaker, Transcript, Word
from tests import transcripts


@dataclass(frozen=True)
class Case:
    """One small episode."""

    what: str
    language: str
    turns: tuple[str, ...]
    names: dict[str, str | None]
    title: str = "An episode"
    notes: str = ""
    persons: tuple[tuple[str, str], ...] = ()

    def transcript(self, seconds: float = 60.0) -> Transcript:
        """Return the transcript; everybody talks for so many seconds."""
        segments, at = [], 0.0
        for turn in self.turns:
            who, _, text = turn.partition(": ")
            words = []
            for token in text.split():
                words.append(Word(start=at, end=at + 0.3, text=token, speaker=who))
                at += 0.35
            segments.append(Segment(start=words[0].start, end=at, text=text, speaker=who, words=tuple(words)))
            at += 0.5
        labels = dict.fromkeys(turn.partition(": ")[0] for turn in self.turns)
        made = transcripts.transcript(
            segments, speakers=[Speaker(label=label, talk_time=seconds) for label in labels], title=self.title
        )
        episode: Episode = made.episode.model_copy(
            update={"persons": tuple(Person(name=name, role=role) for name, role in self.persons)}
        )
        return made.model_copy(update={"language": self.language, "episode": episode})

    @property
    def shown(self) -> tuple[Note, ...]:
        """The show notes."""
        field: Literal["description"] = "description"
        return (Note(field=field, html=self.notes),) if self.notes else ()


def case(  # noqa: PLR0917 - as it is written below
    what: str,
    language: str,
    turns: Sequence[str],
    names: dict[str, str | None],
    title: str = "An episode",
    notes: str = "",
    persons: Sequence[tuple[str, str]] = (),
) -> Case:
    """Return a case."""
    return Case(what, language, tuple(turns), names, title, notes, tuple(persons))


BASICS = (
    case(
        "both introduce themselves",
        "en",
        ["A: Hello and welcome. I'm Anna Schmidt.", "B: And I'm Robert Lee. Let's begin."],
        {"A": "Anna Schmidt", "B": "Robert Lee"},
    ),
    case("my name is, one word", "en", ["A: Hi everyone, my name is Priya and this is a show about bridges."], {"A": "Priya"}),
    case(
        "a first name that the notes have in full",
        "en",
        ["A: Welcome back. I'm Nathan, and today we look at open models.", "B: Thanks, glad to be here."],
        {"A": "Nathan Lambert", "B": None},
        notes="Nathan Lambert on what open models are for.",
    ),
    case(
        "my guest today, who answers",
        "en",
        ["A: My guest today is Florian Brand.", "B: Thanks for having me."],
        {"A": None, "B": "Florian Brand"},
    ),
    case(
        "joined by, and the other one speaks",
        "en",
        ["A: Today I'm joined by Maria Gonzalez, who builds telescopes.", "B: Yes, for about ten years now."],
        {"A": None, "B": "Maria Gonzalez"},
    ),
    case(
        "welcome to the show, and thanks",
        "en",
        ["A: Welcome to the show, Karen Mills.", "B: Thank you so much."],
        {"A": None, "B": "Karen Mills"},
    ),
    case(
        "your host",
        "en",
        ["A: From London, I'm your host, Peter Adeyemi.", "B: I think the river was higher then."],
        {"A": "Peter Adeyemi", "B": None},
    ),
    case(
        "this is, and the feed has the person",
        "en",
        ["A: This is Roman Mars. Let's go.", "B: Nobody noticed the door."],
        {"A": "Roman Mars", "B": None},
        persons=[("Roman Mars", "host")],
    ),
    case("a doctor keeps no title", "en", ["A: I'm Dr. Helen Cho, and I study sleep."], {"A": "Helen Cho"}),
    case(
        "host by the feed, guest by the introduction",
        "en",
        ["A: Welcome to the podcast. My guest is Ines Duarte.", "B: Thanks for having me, it's a pleasure."],
        {"A": "Tom Wirth", "B": "Ines Duarte"},
        persons=[("Tom Wirth", "host")],
    ),
    case(
        "host and guest by the feed and by what they say",
        "en",
        ["A: Welcome back to the show. Our guest has written a book.", "B: Thanks for having me."],
        {"A": "Lena Ott", "B": "Sam Field"},
        persons=[("Lena Ott", "host"), ("Sam Field", "guest")],
    ),
    case(
        "the notes say who sits down with whom",
        "en",
        ["A: Welcome to another episode, good to have you.", "B: Thank you for having me."],
        {"A": "Nathan Lambert", "B": "Florian Brand"},
        notes="<p>Nathan Lambert sits down with Florian Brand to talk about benchmarks.</p>",
    ),
    case(
        "the title has the guest",
        "en",
        ["A: Welcome to the show. How did you start?", "B: Thanks for having me. I started with radios."],
        {"A": None, "B": "Grace Okafor"},
        title="Radios, with Grace Okafor",
    ),
    case(
        "an interview with",
        "en",
        ["A: Welcome back to the podcast.", "B: I'm happy to be here. It was a long way."],
        {"A": None, "B": "Olga Petrova"},
        title="Interview with Olga Petrova",
    ),
    case(
        "hosted by, alone",
        "en",
        ["A: In this episode we walk along a canal and count the birds."],
        {"A": "Jack Turner"},
        notes="Hosted by Jack Turner.",
    ),
    case(
        "two co-hosts, one says who she is",
        "en",
        ["A: Hey, I'm Alice Wong.", "B: And the other one of us talks too much."],
        {"A": "Alice Wong", "B": None},
        persons=[("Alice Wong", "host"), ("Ben Ray", "host")],
    ),
    case("a name with a particle", "en", ["A: My name is Ludwig van Dyke and I restore organs."], {"A": "Ludwig van Dyke"}),
    case(
        "a name with an apostrophe and a hyphen",
        "en",
        ["A: I'm Sinead O'Brien-Walsh. Good evening."],
        {"A": "Sinead O'Brien-Walsh"},
    ),
    case(
        "the guest is greeted by a first name",
        "en",
        ["A: Hi Maria, welcome to the show.", "B: Hi, thanks for having me."],
        {"A": None, "B": "Maria Rossi"},
        persons=[("Maria Rossi", "guest")],
    ),
    case(
        "thanks for coming",
        "en",
        ["A: Thank you so much for joining us today, Omar Haddad.", "B: It's a pleasure."],
        {"A": None, "B": "Omar Haddad"},
    ),
)

DECOYS = (
    case("reported speech", "en", ["A: And then Anna said I'm Bob Miller, and nobody laughed."], {"A": None}),
    case("reported speech behind a stop", "en", ["A: He took the microphone and said. I'm Bob Miller."], {"A": None}),
    case("said behind it", "en", ['A: "I\'m Bob Miller," he said, and closed the door.'], {"A": None}),
    case("imagined", "en", ["A: Imagine for a moment I'm Elon Musk and I have to decide."], {"A": None}),
    case("if I were", "en", ["A: If I'm Tim Cook, I wait another year."], {"A": None}),
    case("was like", "en", ["A: She was like, I'm Karen Jones, who are you?"], {"A": None}),
    case("a nationality", "en", ["A: I'm German, and my husband is French."], {"A": None}),
    case("a religion and a job", "en", ["A: I'm Catholic. I'm Professor of nothing."], {"A": None}),
    case(
        "a person merely talked about",
        "en",
        ["A: Today we talk about Ada Lovelace and her machine.", "B: Ada Lovelace was the first."],
        {"A": None, "B": None},
        title="Ada Lovelace",
        notes="The life of Ada Lovelace.",
    ),
    case("this is somebody else", "en", ["A: This is Barack Obama speaking in 2008.", "B: Yes we can."], {"A": None, "B": None}),
    case("this is a thing", "en", ["A: This is Fresh Air. Stay with us."], {"A": None}),
    case("somebody's brother", "en", ["A: I'm Bob's brother, the younger one."], {"A": None}),
    case("contradicting introductions", "en", ["A: I'm Anna Schmidt. Hello. I'm Maria Weber. Hello again."], {"A": None}),
    case("two speakers, one name", "en", ["A: I'm Anna Schmidt.", "B: No, I'm Anna Schmidt."], {"A": None, "B": None}),
    case(
        "two guests at once",
        "en",
        ["A: I'm joined by Karl Brandt and Eva Lind.", "B: Thanks for having us.", "C: Hello."],
        {"A": None, "B": None, "C": None},
    ),
    case(
        "printed, but nobody says who they are",
        "en",
        ["A: The first point is cost.", "B: I disagree about that."],
        {"A": None, "B": None},
        persons=[("Lena Ott", "host"), ("Sam Field", "guest")],
    ),
    case("welcome to a city", "en", ["A: Welcome to Berlin, Germany.", "B: It rained all week."], {"A": None, "B": None}),
    case(
        "an advertisement with a name",
        "en",
        ["A: This episode is brought to you by Harry Winston. Go to Harry Winston dot com."],
        {"A": None},
    ),
    case("a company", "en", ["A: I'm joined by Acme Labs, so to speak.", "B: Sure."], {"A": None, "B": None}),
    case(
        "an editor does not speak",
        "en",
        ["A: We walk along a canal and count birds."],
        {"A": None},
        persons=[("Ed Iter", "editor")],
    ),
    case(
        "with a thing in the title",
        "en",
        ["A: Welcome to the show.", "B: Thanks for having me."],
        {"A": None, "B": None},
        title="Working with Kubernetes",
    ),
    case(
        "greeted, but nobody answers",
        "en",
        ["A: Hello, Maria Rossi! She can't hear me from up there.", "B: The balloon is far away."],
        {"A": None, "B": None},
    ),
    case("a quoted letter", "en", ["A: A listener wrote: I'm Susan Clark and I love your show."], {"A": None}),
    case("I am in a question", "en", ["A: Do you think I'm Superman?"], {"A": None}),
    case("feelings with a capital", "en", ["A: I'm So tired of this. I'm Going home."], {"A": None}),
    case(
        "host missing today",
        "en",
        ["A: The bridge was closed for a year.", "B: And nobody knew why."],
        {"A": None, "B": None},
        notes="Hosted by Jack Turner and Mina Park.",
    ),
    case(
        "talks about the guest of last week",
        "en",
        ["A: Last week my friend asked whether I'm Robert Redford.", "B: Ha."],
        {"A": None, "B": None},
    ),
)

GERMAN = (
    case(
        "beide stellen sich vor",
        "de",
        ["A: Hallo und willkommen, mein Name ist Katrin Vogel.", "B: Und ich heiße Jonas Beck."],
        {"A": "Katrin Vogel", "B": "Jonas Beck"},
    ),
    case(
        "zu Gast ist",
        "de",
        ["A: Zu Gast ist heute Miriam Engel.", "B: Vielen Dank für die Einladung."],
        {"A": None, "B": "Miriam Engel"},
    ),
    case(
        "ich bin, und die Notizen haben den Namen",
        "de",
        ["A: Guten Tag, ich bin Holger und wir reden über Züge."],
        {"A": "Holger Klein"},
        notes="Host: Holger Klein",
    ),
    case(
        "im Gespräch mit",
        "de",
        ["A: Willkommen zurück zum Podcast.", "B: Danke, dass ich hier sein darf."],
        {"A": None, "B": "Paul Richter"},
        title="Im Gespräch mit Paul Richter",
    ),
    case("ein Beruf ist kein Name", "de", ["A: Ich bin Arzt. Ich bin Vater von drei Kindern. Ich bin Optimist."], {"A": None}),
    case("angenommen", "de", ["A: Angenommen, ich bin Angela Merkel und muss entscheiden."], {"A": None}),
    case("er sagte", "de", ["A: Da sagte er, ich heiße Karl Otto, und ging."], {"A": None}),
    case(
        "herzlich willkommen",
        "de",
        ["A: Herzlich willkommen, Sabine Krause.", "B: Danke, schön hier zu sein."],
        {"A": None, "B": "Sabine Krause"},
    ),
)

ROMANCE = (
    case(
        "je m'appelle",
        "fr",
        ["A: Bonjour à tous, je m'appelle Claire Dubois.", "B: Et moi c'est Marc Lefèvre."],
        {"A": "Claire Dubois", "B": "Marc Lefèvre"},
    ),
    case(
        "mon invité est",
        "fr",
        ["A: Mon invitée aujourd'hui est Amélie Laurent.", "B: Merci de me recevoir."],
        {"A": None, "B": "Amélie Laurent"},
    ),
    case("je suis, une nationalité", "fr", ["A: Je suis Français et je suis Parisien."], {"A": None}),
    case("il a dit", "fr", ["A: Il a dit je suis Victor Hugo, comme ça."], {"A": None}),
    case(
        "reçoit",
        "fr",
        ["A: Bienvenue dans notre émission.", "B: Merci pour l'invitation."],
        {"A": "Léa Martin", "B": "Hugo Petit"},
        notes="Léa Martin reçoit Hugo Petit.",
    ),
    case(
        "me llamo",
        "es",
        ["A: Hola a todos, me llamo Lucía Fernández.", "B: Y yo soy Diego Torres."],
        {"A": "Lucía Fernández", "B": "Diego Torres"},
    ),
    case(
        "nuestra invitada",
        "es",
        ["A: Nuestra invitada de hoy es Carmen Ruiz.", "B: Gracias por invitarme."],
        {"A": None, "B": "Carmen Ruiz"},
    ),
    case("imagina", "es", ["A: Imagina que soy Pablo Picasso y no sé pintar."], {"A": None}),
    case(
        "bienvenido", "es", ["A: Bienvenido al programa, Javier Molina.", "B: Muchas gracias."], {"A": None, "B": "Javier Molina"}
    ),
    case(
        "meu nome é",
        "pt",
        ["A: Olá, meu nome é Beatriz Costa.", "B: Eu sou o Rui Santos."],
        {"A": "Beatriz Costa", "B": "Rui Santos"},
    ),
    case(
        "minha convidada",
        "pt",
        ["A: A minha convidada de hoje é Joana Pires.", "B: Obrigada pelo convite."],
        {"A": None, "B": "Joana Pires"},
    ),
    case("ele disse", "pt", ["A: Ele disse: eu sou Fernando Pessoa."], {"A": None}),
    case(
        "mi chiamo",
        "it",
        ["A: Ciao a tutti, mi chiamo Giulia Bianchi.", "B: E io sono Marco Conti."],
        {"A": "Giulia Bianchi", "B": "Marco Conti"},
    ),
    case("è con noi", "it", ["A: Oggi è con noi Paolo Ferri.", "B: Grazie dell'invito."], {"A": None, "B": "Paolo Ferri"}),
    case("sono italiano", "it", ["A: Sono Italiano, sono Milanese."], {"A": None}),
    case("ha detto", "it", ["A: Poi disse: sono Giuseppe Verdi."], {"A": None}),
)

OTHERS = (
    case("a language without forms", "nl", ["A: Hallo, ik ben Jan de Vries."], {"A": None}),
    case("no language", "ja", ["A: こんにちは、田中です。"], {"A": None}),
)

CASES = (*BASICS, *DECOYS, *GERMAN, *ROMANCE, *OTHERS)
