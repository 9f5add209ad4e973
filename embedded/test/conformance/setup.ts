import { differences } from "./differences.js";
import { expectDifferences } from "./expectDifferences.js";

expectDifferences(differences);
