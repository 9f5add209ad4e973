import { convexAuthNextjsToken } from "@convex-dev/auth/nextjs/server";
import { fetchQuery, preloadQuery } from "convex/nextjs";
import { api } from "../../convex/_generated/api";
import { Basket } from "./Basket";
import { Devices } from "./Devices";

/** What the server may read of a user it reads with the user's own token, from the cookie. */
export default async function Account() {
  const token = await convexAuthNextjsToken();
  const as = token === undefined ? {} : { token };
  const [me, basket] = await Promise.all([
    fetchQuery(api.account.me, {}, as),
    preloadQuery(api.basket.get, { anonymousId: null }, as),
  ]);
  return (
    <>
      <h1>{me?.email}</h1>
      <Basket preloaded={basket} />
      <Devices />
    </>
  );
}
