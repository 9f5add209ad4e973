import { expectDifferences } from "../../embedded/test/conformance/expectDifferences.js";
import { differences } from "./differences.js";

expectDifferences(differences);
