"""The showcase's achievements, as a designer of the game would write them.

The game: Tidewick, a small harbour town. One runs over roofs and quays for coins, races laps around the harbour, opens
a chest a day, finds relics, and fights what comes out of the water. Each table is one category, in the order shown.
"""

from achievements.definitions import Achievement
from gamify_site.ops.demo.designing import collection, counter, meta, placed, row, streak, tiered

QUAYS = (
    "Gangplank", "Old Mole", "Fish Market", "Rope Walk", "Chandlers' Row", "Crane Yard", "Customs House",
    "Net Lofts", "Gull Roofs", "Lantern Stairs", "Breakwater", "Lighthouse",
)  # fmt: skip
SHELF = (
    "Brass Sextant", "Glass Float", "Whistling Shell", "Captain's Left Boot", "Tin Mermaid", "Unsent Letter",
    "Cork Duck", "Keeper's Spare Key",
)  # fmt: skip
SHIP = ("Figurehead", "Ship's Bell", "Star Chart", "Rudder Pin", "Patched Sail", "Cracked Lantern")
CHOIR = ("Treble Bell", "Alto Bell", "Tenor Bell", "Bass Bell", "Bell Without a Voice")
BOSSES = (
    "Bailiff Crab", "The Gull Twins", "Captain Barnacle", "Madam Undertow", "The Rust Golem", "Old Foghorn",
    "The Lobster King",
)  # fmt: skip
WARES = ("Spring Boots", "Tide Magnet", "Paper Lantern", "Feather Cape", "Lucky Anchor")

REGATTA = "summer-regatta"

COINS = (
    row("finders-keepers", "Finders Keepers", "Pick up your first coin. Nobody saw.", 5, "hand-raised",
        action="coin_collected"),
    row("pocket-money", "Pocket Money", "Collect 100 coins. They jingle when you jump.", 10, "banknotes",
        **counter("coin_collected", 100)),
    row("hoard", "The Hoard", "Collect coins until the floor complains.", 0, "circle-stack",
        **tiered("coin_collected", "sum", ("Purse", 1_000, 10), ("Sea Chest", 4_000, 30),
                 ("Strongroom", 9_000, 80), ("Sunken Treasury", 40_000, 400))),
    row("magpie", "Magpie", "Sweep a street for coins 120 times. If it shines, it is yours.", 40, "sparkles",
        **counter("coin_collected", 120, "count")),
    row("in-one-breath", "In One Breath", "Chain 12 coins without touching the ground.", 30, "cloud",
        **counter("coin_collected", 12, "max")),
    row("gravity-is-a-rumour", "Gravity Is a Rumour", "Chain 20 coins without touching the ground.", 120,
        "rocket-launch", prerequisites=("in-one-breath",), hidden=True, **counter("coin_collected", 20, "max")),
    row("window-shopping", "Window Shopping", "Buy your first power-up from the chandler.", 5, "shopping-bag",
        action="powerup_bought"),
    row("one-of-each", "One of Each, Please", "Own every ware on the chandler's counter.", 50, "shopping-cart",
        **collection("powerup_bought", WARES)),
    row("good-for-business", "Good for Business", "Spend 400 coins. The chandler knows your name now.", 35,
        "building-storefront", **counter("powerup_bought", 400)),
    row("treasurer", "Treasurer of Tidewick", "Unlock 8 achievements of the coin trade.", 75, "scale",
        **meta(8, "coins")),
)  # fmt: skip

LAPS = (
    row("once-around", "Once Around", "Finish a lap of the harbour. Mind the ropes.", 5, "flag",
        action="lap_finished"),
    row("harbour-laps", "Round and Round", "Finish laps of the harbour until the gulls call you by name.", 0,
        "arrow-path", **tiered("lap_finished", "count", ("Deckhand", 10, 10), ("Bosun", 40, 30),
                               ("Commodore", 60, 90))),
    row("faster-than-yesterday", "Faster Than Yesterday", "Beat your own best lap.", 10, "clock",
        action="record_beaten"),
    row("shaving-seconds", "Shaving Seconds", "Beat your own best lap 6 times.", 45, "scissors",
        **counter("record_beaten", 6, "count")),
    row("daily-constitutional", "Daily Constitutional", "Finish a lap on 4 days in a row.", 40, "calendar-days",
        **streak("lap_finished", 4)),
    row("scenic-route", "The Scenic Route", "Take 90 seconds or more over a single lap. Lovely weather for it.", 15,
        "camera", hidden=True, **counter("lap_finished", 90, "max")),
    row(REGATTA, "Summer Regatta", "Finish 12 laps while the bunting is up.", 60, "ticket",
        metadata={"season": "summer", "poster": "Three boats and a brass band"},
        **counter("lap_finished", 12, "count")),
    row("night-regatta", "Night Regatta", "Finish 10 laps by lantern light. Opens when the lamps are painted.", 60,
        "moon", status="draft", **counter("night_lap_finished", 10, "count")),
    row("harbour-pilot", "Harbour Pilot", "Unlock 5 achievements of the race course.", 60, "map-pin",
        **meta(5, "laps")),
)  # fmt: skip

EXPLORE = (
    row("all-ashore", "All Ashore", "Complete your first quay.", 5, "map", action="level_completed"),
    row("every-plank", "Every Plank and Cobble", "Complete all twelve quays of Tidewick.", 80, "globe-alt",
        **collection("level_completed", QUAYS)),
    row("well-trodden", "Well Trodden", "Complete quays 30 times. The cobbles are wearing thin.", 40, "home-modern",
        **counter("level_completed", 30, "count")),
    row("what-the-tide-left", "What the Tide Left", "Find your first relic.", 10, "magnifying-glass",
        action="relic_found"),
    row("beachcomber", "Beachcomber", "Find relics, also those that you have twice.", 0, "archive-box",
        **tiered("relic_found", "count", ("Wet Socks", 3, 10), ("Full Bucket", 10, 30), ("Own Museum", 20, 90))),
    row("keepers-shelf", "The Keeper's Shelf", "Bring the lighthouse keeper all eight things she has lost.", 70,
        "key", metadata={"hint": "Low tide helps. So does the left boot."}, **collection("relic_found", SHELF)),
    row("ship-in-pieces", "Ship in Pieces", "Find all six parts of the Merry Widow.", 70, "puzzle-piece",
        **collection("relic_found", SHIP)),
    row("drowned-choir", "The Drowned Choir", "Raise the five bells from the bay and hear them ring.", 500, "bell",
        hidden=True, prerequisites=("keepers-shelf",), **collection("relic_found", CHOIR)),
    row("smugglers-stair", "The Smugglers' Stair", "Find a way down that is on no map.", 25, "eye", hidden=True,
        action="secret_found"),
    row("nothing-to-declare", "Nothing to Declare", "Find 4 secrets under the noses of Customs.", 90, "eye-slash",
        hidden=True, prerequisites=("smugglers-stair",), **counter("secret_found", 4, "count")),
    row("cartographer", "Cartographer", "Unlock 7 achievements of the harbour and its bay.", 75, "book-open",
        **meta(7, "explore")),
)  # fmt: skip

BATTLE = (
    row("mind-the-crab", "Mind the Crab", "Lose all your coins to an enemy. It happens to everybody.", 0,
        "face-frown", action="enemy_hit"),
    row("easy-come", "Easy Come", "Lose 600 coins to the creatures of the harbour, all told.", 20, "bug-ant",
        **counter("enemy_hit", 600)),
    row("occupational-hazard", "Occupational Hazard", "Get knocked off the quay 40 times and climb back up.", 30,
        "lifebuoy", **counter("enemy_hit", 40, "count")),
    row("smaller-than-it-looked", "Smaller Than It Looked", "Defeat your first boss.", 15, "bolt",
        action="boss_defeated"),
    row("boss-hunter", "Boss Hunter", "Defeat bosses, as often as they come back.", 0, "shield-check",
        **tiered("boss_defeated", "count", ("Net", 3, 15), ("Harpoon", 8, 40), ("Cannon", 16, 100))),
    row("rogues-gallery", "Rogues' Gallery", "Defeat each of the seven bosses, and sign the portraits.", 100,
        "identification", **collection("boss_defeated", BOSSES)),
    row("not-a-scratch", "Not a Scratch", "Defeat a boss with all five hearts left.", 60, "heart",
        **counter("boss_defeated", 5, "max")),
    row("two-in-a-row", "No Days Off for Villains", "Defeat a boss on 3 days in a row.", 70, "fire",
        **streak("boss_defeated", 3)),
    row("kraken", "Something in the Deep", "Ring the breakwater bell at low tide, and win.", 750,
        "exclamation-triangle",
        hidden=True, prerequisites=("rogues-gallery", "boss-hunter_gold"), action="kraken_defeated"),
    row("terror-of-the-tideline", "Terror of the Tideline", "Unlock 7 achievements of battle.", 80, "trophy",
        **meta(7, "battle")),
)  # fmt: skip

DAILY = (
    row("whats-inside", "What's Inside?", "Open your first daily chest.", 5, "gift", action="chest_opened"),
    row("three-chests", "Third Time Lucky", "Open the daily chest on 3 days in a row.", 10, "lock-open",
        **streak("chest_opened", 3)),
    row("week-of-chests", "A Week by the Water", "Open the daily chest on 7 days in a row. One freeze is on us.",
        35, "calendar", prerequisites=("three-chests",), **streak("chest_opened", 7, 1)),
    row("moon-of-chests", "From Moon to Moon", "Open the daily chest on 30 days in a row, with 2 freezes.", 150,
        "sun", prerequisites=("week-of-chests",), **streak("chest_opened", 30, 2)),
    row("hundred-chests", "A Hundred Tides", "Open the daily chest on 100 days in a row, with 5 freezes.", 1000,
        "star", prerequisites=("moon-of-chests",), **streak("chest_opened", 100, 5)),
    row("hinge-oil", "Hinge Oil", "Open 40 daily chests. They hardly creak any more.", 30, "wrench-screwdriver",
        **counter("chest_opened", 40, "count")),
    row("kings-ransom", "A King's Ransom", "Find 400 coins or more in one daily chest.", 50, "gift-top", hidden=True,
        **counter("chest_opened", 400, "max")),
    row("familiar-face", "Familiar Face", "Come by the harbour, day after day.", 0, "face-smile",
        **tiered("login", "count", ("Visitor", 5, 5), ("Neighbour", 25, 25), ("Part of the Furniture", 60, 75))),
    row("regular-at-the-quay", "Regular at the Quay", "Come by on 5 days in a row.", 20, "home",
        **streak("login", 5)),
    row("first-boat-out", "First Boat Out", "Be at the harbour before six in the morning.", 20, "bell-alert",
        hidden=True, action="dawn_seen"),
    row("tide-table", "Tide Table", "Unlock 7 achievements of daily life.", 60, "table-cells", **meta(7, "daily")),
)  # fmt: skip

RENOWN = (
    row("opening-night", "Opening Night", "Finish your first round.", 5, "play", action="round_finished"),
    row("apprentice", "Apprentice", "Finish 10 rounds.", 10, "academic-cap",
        **counter("round_finished", 10, "count")),
    row("journeyman", "Journeyman", "Finish 50 rounds. First be an apprentice.", 40, "briefcase",
        prerequisites=("apprentice",), **counter("round_finished", 50, "count")),
    row("harbour-master", "Harbour Master", "Finish 90 rounds as a journeyman with a week of chests.", 150,
        "building-library", prerequisites=("journeyman", "week-of-chests"), **counter("round_finished", 90, "count")),
    row("name-on-the-wall", "Name on the Wall", "Score points in rounds, week after week.", 0, "chart-bar",
        **tiered("round_finished", "sum", ("In Chalk", 1_000, 10), ("In Paint", 5_000, 35),
                 ("In Brass", 12_000, 100))),
    row("encore", "Encore", "Score 200 points in one round.", 25, "musical-note",
        **counter("round_finished", 200, "max")),
    row("standing-ovation", "Standing Ovation", "Score 280 points in one round.", 200, "megaphone",
        prerequisites=("encore",), **counter("round_finished", 280, "max")),
    row("room-in-the-boat", "Room in the Boat", "Invite a friend to the harbour.", 15, "user-plus",
        action="friend_invited"),
    row("full-crew", "Full Crew", "Invite 3 friends. Somebody has to row.", 60, "user-group",
        **counter("friend_invited", 3, "count")),
    row("sea-legs", "Sea Legs", "Unlock 15 achievements of any kind.", 20, "check-badge", **meta(15)),
    row("local-legend", "Local Legend", "Unlock 30 achievements of any kind.", 80, "newspaper", **meta(30)),
    row("salt-in-the-blood", "Salt in the Blood", "Unlock 50 achievements of any kind.", 300, "globe-europe-africa",
        **meta(50)),
    row("everything-but-the-gulls", "Everything but the Gulls", "Unlock 66 achievements. The gulls are not for sale.",
        1000, "light-bulb", hidden=True, **meta(66)),
)  # fmt: skip

CATEGORIES = {
    "coins": COINS, "laps": LAPS, "explore": EXPLORE, "battle": BATTLE, "daily": DAILY, "renown": RENOWN,
}  # fmt: skip


def all_of_them() -> list[Achievement]:
    """All achievements in their places; none waits for one that comes after it."""
    return placed(CATEGORIES)
