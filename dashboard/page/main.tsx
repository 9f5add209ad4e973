import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../../ui/theme.css";
import { Dashboard } from "./Dashboard.js";
import "./dashboard.css";
import { openFeed } from "./feed.js";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <Dashboard feed={openFeed("events")} />
  </StrictMode>,
);
