// Opens a page in jsdom and stays there, as a browser does: open_page.js URL.
"use strict";

const { JSDOM, VirtualConsole } = require("jsdom");

const virtualConsole = new VirtualConsole().forwardTo(console);
JSDOM.fromURL(process.argv[2], { runScripts: "dangerously", resources: "usable", virtualConsole });
