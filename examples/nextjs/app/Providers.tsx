"use client";
import { ConvexAuthNextjsProvider } from "@convex-dev/auth/nextjs";
import { ConvexReactClient } from "convex/react";
import type { ReactNode } from "react";
import { Tracking } from "./Tracking";

// Next.js puts the value in its place when the app is built.
const url = process.env.NEXT_PUBLIC_CONVEX_URL;
if (!url) throw new Error("NEXT_PUBLIC_CONVEX_URL is not set.");
const client = new ConvexReactClient(url);

export function Providers({ children }: { children: ReactNode }) {
  return (
    <ConvexAuthNextjsProvider client={client}>
      {/* Within the provider, as it asks who is signed in; above all else, as the first says whether visitors are tracked. */}
      <Tracking />
      {children}
    </ConvexAuthNextjsProvider>
  );
}
