// Everything that enhances pages; each module says what it adds.

import "./live.js";
import "./menus.js";
import "./moves.js";
