import { mount } from "svelte";
import App from "./App.svelte";
import { keepPage } from "./lib/offline";
import { settings } from "./lib/settings.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/kit.css";

/** A catalog that does not come must not keep the plant from the screen: it is English until it is there. */
const WORDS_MS = 2_000;

await Promise.race([settings.start(), new Promise((done) => setTimeout(done, WORDS_MS))]);
mount(App, { target: document.getElementById("app")! });
// In development the files have no hash in their names.
if (import.meta.env.PROD) void keepPage();
