// Puts the parts of the page together.
import { startAlerts } from "./alerts.js";
import { connect } from "./events.js";
import { startHealth } from "./health.js";
import { startHistory } from "./history.js";
import { startLive } from "./live.js";
import { startPredict } from "./predict.js";
import { startSettings } from "./settings.js";
import { startSignOut } from "./signout.js";
import { startTabs } from "./tabs.js";
import { keepTimesFresh } from "./words.js";

startLive();
startAlerts();
startHistory();
startHealth();
startSettings();
startPredict();
startSignOut();
startTabs();
keepTimesFresh();
connect();
