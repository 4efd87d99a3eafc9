/** Every page, by its path. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { tokens } from "../api/session";
import { NotFound } from "../pages/NotFound";
import { productsSearch } from "../pages/products/search";
import { Shell } from "../shell/Shell";
import { given } from "./search";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { to?: string } => {
    // A path of our own, never another site's.
    const { to } = given("to", search.to);
    return to?.startsWith("/") && !to.startsWith("//") ? { to } : {};
  },
  component: lazyRouteComponent(() => import("../pages/login/LoginPage"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("../pages/setup/SetupPage"), "SetupPage"),
});

/** Everything that is for those who are signed in. */
const shop = createRoute({
  getParentRoute: () => root,
  id: "shop",
  beforeLoad: ({ location }) => {
    if (tokens() === null) throw redirect({ to: "/login", search: { to: location.href } });
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => shop,
  path: "/",
  component: lazyRouteComponent(() => import("../pages/home/HomePage"), "HomePage"),
});

const products = createRoute({
  getParentRoute: () => shop,
  path: "/products",
  validateSearch: productsSearch,
  component: lazyRouteComponent(() => import("../pages/products/ProductsPage"), "ProductsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, setup, shop.addChildren([home, products])]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
