"""Talk made from a grammar: sentences of a conversation about given topics, drawn from a seed.

Only what matters for finding places again is imitated: that a topic has words of its own which come up all over its chapter,
that these also come up elsewhere, that everything else is said all the time, and that a chapter may or may not begin with its
title's words. Nothing here is taken from what the code looks for, except the greetings that people really say.
"""

from __future__ import annotations

import random

_TOPICS = """
soil earthworm compost fungus humus plough|battery lithium cathode charging cobalt recycling|glacier meltwater crevasse moraine
iceberg snowpack|violin luthier varnish bow resonance maple|espresso grinder roast crema arabica barista|submarine periscope
ballast torpedo sonar hull|vaccine antibody syringe immunity virus booster|orbit satellite rocket launchpad debris capsule|
bicycle pedal derailleur saddle cyclist gravel|cheese rennet curd cellar brine dairy|earthquake fault seismograph tremor
aftershock magnitude|chess gambit bishop endgame checkmate pawn|wool sheep spindle loom fleece shearing|algorithm compiler
recursion debugger syntax pointer|opera soprano libretto aria conductor overture|mortgage lender interest tenant landlord deposit|
beekeeping hive nectar pollen queen swarm|typewriter ribbon carriage keyboard typist platen|marathon runner training hydration
blister sprint|cathedral buttress spire mason gargoyle crypt|tsunami harbour seawall evacuation siren coast|sleep insomnia
melatonin dream pillow nap|rice paddy monsoon harvest husk terrace|telescope mirror galaxy nebula observatory astronomer|
passport border visa consulate customs embassy|bread sourdough yeast crust oven flour|whale krill baleen migration harpoon
blubber|lighthouse keeper lantern foghorn reef beacon|budget deficit treasury inflation tariff subsidy|surgery anaesthetic scalpel
suture transplant surgeon|graffiti mural spray stencil alley tag|forest canopy sapling logging bark wildfire|language grammar
dialect vowel alphabet translator|robot gripper actuator sensor servo factory|pension retirement annuity savings fund payout|
volcano magma crater basalt eruption ash|film projector reel montage screenplay premiere|garden tomato trellis seedling slug
watering|railway locomotive gauge signal tunnel platform|memory hippocampus recall forgetting neuron cortex|football striker
penalty goalkeeper referee stadium|museum curator exhibit artefact gallery archive|chocolate cacao truffle ganache plantation
tempering|encryption cipher password hacker firewall certificate|poetry sonnet rhyme stanza metaphor haiku|desert dune oasis camel
caravan sandstorm|parrot feather beak aviary plumage perch|insulin diabetes glucose pancreas injection diet|skyscraper elevator
girder crane scaffold foundation|puppet marionette string theatre ventriloquist stage|pottery kiln glaze clay wheel porcelain|
election ballot candidate turnout campaign polling|spider web silk venom fang abdomen|jazz trumpet improvisation swing bebop
saxophone|dentist enamel cavity molar filling fluoride|map atlas compass meridian cartographer projection|hurricane evacuee
shutter surge barometer landfall|wine vineyard grape tannin cork vintage|courtroom verdict jury defendant testimony objection|
ballet pirouette rehearsal slipper choreography troupe|drone propeller payload battery camera pilot|knitting needle stitch yarn
pattern scarf|aquarium coral filter shrimp algae tank|newspaper headline editor column press subscription|prison warden parole
inmate cell sentence|magic illusion trick wand audience sleight|mushroom spore truffle foraging mycelium cap|olive grove press
orchard harvest oil|skiing slope avalanche lift powder slalom|cello quartet rosin string bow bridge|tea kettle oolong teapot leaf
ceremony|castle moat drawbridge siege tower knight|subway turnstile commuter carriage track escalator|perfume jasmine musk scent
bottle distillation|wolf pack howl den cub ranger|clock pendulum gear spring escapement dial|salt mine evaporation crystal brine
pan|paper pulp mill fibre parchment printing|circus acrobat trapeze clown tent juggler|honey wax comb jar sweetness bear|snake
viper antivenom scale fang burrow
"""


def _listed(words: str) -> list[str]:
    return words.split()


TOPICS = tuple(tuple(topic.split()) for topic in " ".join(_TOPICS.split()).split("|"))

_NOUNS = _listed(
    "people thing time year way day story question idea problem part place case week company number point world house area "
    "money month book moment kind friend work reason morning result change family future history future system person side "
    "life hand mistake lesson market science research team town street door letter picture machine"
)
_VERBS = _listed(
    "think know remember believe say mean suppose guess notice wonder feel understand learn find imagine hope see realise"
)
_ADJECTIVES = _listed(
    "good new strange old simple big important hard interesting different real small funny whole long true certain careful "
    "expensive early quiet famous terrible cheap clear"
)
_PLAIN = (
    "well I {v} that is the {a} {n} about the {n} of it",
    "you know when you {v} about it the {n} was really {a}",
    "and then somebody told me that every {n} has its {n}",
    "I never {v} why the {n} would be so {a}",
    "that was a {a} {n} and we had no {n} for it",
    "right and I {v} most {n} never get that far",
    "it took us a {a} {n} to {v} what the {n} meant",
    "exactly that is what I {v} too",
    "yes",
    "so what happened with the {n} after that {a} {n}",
    "there is always a {n} behind the {n}",
    "my {n} used to say that a {a} {n} is worth it",
    "let me {v} for a second because the {n} is {a}",
    "okay but was it {a} or was it just the {n}",
    "no I do not {v} so",
    "in the end the {n} and the {n} were the same {n}",
)
_TOPICAL = (
    "the {t} is the {a} {n} here because the {t} needs it",
    "when you look at a {t} you {v} the {n} at once",
    "I had a {a} {n} with the {t} last {n}",
    "without the {t} there would be no {n}",
    "how do you {v} the {t} when it is that {a}",
    "everybody asks me about the {t} and the {n} of it",
    "they brought a {t} into the {n} and it was {a}",
    "the first {t} that I saw was in a {a} {n}",
)
_OPENINGS = (
    "let us talk about {title}",
    "now {title} is something I wanted to ask you about",
    "{title} where do we even begin",
    "the next thing on my list is {title}",
    "so tell me about {title}",
    "I want to come to {title} now",
    "okay {title}",
)
_ADS = (
    "this episode is brought to you by {b}",
    "{b} makes your {n} {a} again",
    "go to {b} dot com and use the code {b} for a {a} discount",
    "I have used {b} for a {n} now and the {n} is {a}",
    "with {b} every {n} is a {a} {n}",
    "that is {b} for your {n} and your {n}",
)
_FRAMES = (
    "Why the {x} of {y} matters",
    "{x}, {y} and us",
    "A history of {x} and {y}",
    "{x}: the {y} question",
    "From {x} to {y}",
)
_JOKES = (
    "Nobody expected this", "Well, that escalated", "Round two", "The elephant in the room", "Wait, what?", "Cold feet",
    "Hot takes", "A detour", "Plan B", "Loose ends", "Against the odds", "Small victories", "The long way home",
    "Back on the road", "It depends", "Rabbit hole", "Odds and ends", "Full circle", "Deep breath", "Out of the box",
)  # fmt: skip


class Talker:
    """Draws sentences and titles."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    def topics(self, count: int) -> tuple[tuple[str, ...], ...]:
        """Return different topics; beyond the ones in stock, words of two are mixed."""
        chosen = self._draw.sample(TOPICS, min(count, len(TOPICS)))
        while len(chosen) < count:
            a, b = self._draw.sample(TOPICS, 2)
            chosen.append((*a[3:], *b[:3]))
        return tuple(chosen)

    def sentence(self, topic: tuple[str, ...], *, topical: float) -> list[str]:
        """Return a sentence; `topical` is how probably it is about the topic."""
        stock = _TOPICAL if self._draw.random() < topical else _PLAIN
        sentence = self._filled(self._draw.choice(stock), topic)
        while self._draw.random() < 0.3:
            sentence += [self._draw.choice(("and", "but", "because", "so")), *self._filled(self._draw.choice(_PLAIN), topic)]
        return sentence

    def opening(self, title: str) -> list[str]:
        """Return a sentence that says a title."""
        return self._draw.choice(_OPENINGS).replace("{title}", title.lower()).split()

    def advert(self, brand: str) -> list[str]:
        """Return a sentence of an ad."""
        return self._filled(self._draw.choice(_ADS).replace("{b}", brand), ("thing",))

    def spoken_title(self, topic: tuple[str, ...]) -> str:
        """Return a title as somebody says it."""
        a, b = self._draw.sample(topic[:4], 2)
        joined = self._draw.choice((f"{a} and {b}", f"the {a} {b}", f"the {self._draw.choice(_ADJECTIVES)} {a}", f"{a}"))
        return joined.capitalize()

    def paraphrase(self, topic: tuple[str, ...]) -> str:
        """Return a title about a topic in other words than anybody says, but with two words of the topic, in other forms."""
        a, b = self._draw.sample(topic, 2)
        frame = self._draw.choice(_FRAMES)
        return frame.replace("{x}", self._form(a)).replace("{y}", self._form(b)).capitalize()

    def joke(self) -> str:
        """Return a title that nothing in the episode goes with."""
        return self._draw.choice(_JOKES)

    def any_word(self) -> str:
        """Return a word of the language, for what is heard in place of another."""
        return self._draw.choice(self._draw.choice((_NOUNS, _VERBS, _ADJECTIVES, self._draw.choice(TOPICS))))

    def _form(self, word: str) -> str:
        return word + ("es" if word.endswith(("s", "h", "x")) else "s") if self._draw.random() < 0.5 else word

    def _filled(self, template: str, topic: tuple[str, ...]) -> list[str]:
        stock = {"{n}": _NOUNS, "{v}": _VERBS, "{a}": _ADJECTIVES}
        return [
            self._topical(topic) if slot == "{t}" else self._draw.choice(stock[slot]) if slot in stock else slot
            for slot in template.split()
        ]

    def _topical(self, topic: tuple[str, ...]) -> str:
        """Return a word of a topic; those that name it are said most (Zipf)."""
        return self._draw.choices(topic, [1 / rank for rank in range(1, len(topic) + 1)])[0]
