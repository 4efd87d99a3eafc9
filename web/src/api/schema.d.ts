// Written by script/types.mjs out of the API's document. Do not change it by hand.

export interface paths {
    "/api/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All keys of programs */
        get: operations["listApiKeys"];
        put?: never;
        /** Make a key, which is shown this once */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/api-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One key, without itself */
        get: operations["getApiKey"];
        /** Replace what a key may do */
        put: operations["replaceApiKey"];
        post?: never;
        /** End a key */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        /** Change what a key may do */
        patch: operations["patchApiKey"];
        trace?: never;
    };
    "/api/audit-logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The audit log, newest first, or all as CSV
         * @description Every change of state with its actor, address and request, before and after; also sign-ins, denied attempts, exports and the use of API keys. Whoever holds the right in some stores only sees what was done in those.
         */
        get: operations["listAuditLogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same as `POST /api/login` */
        post: operations["authLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the session */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change one's own password, and end all other sign-ins */
        put: operations["setPassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How one likes the screens */
        get: operations["getPreferences"];
        /** Set how one likes the screens */
        put: operations["setPreferences"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is asking */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change one's own name */
        patch: operations["patchProfile"];
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange a refresh token for the next pair
         * @description A refresh token is good once. Used again within ten seconds it gives another pair, for tabs that wake up together; after that it ends the whole session.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make an account, for someone else or for oneself
         * @description With an administrator's token the same as `POST /api/users`. Without a token only where the shop's settings say `"registration": "open"`, and then without a role in any store.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is signed in */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of one's own sign-ins */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Categories, and how many products in each */
        get: operations["listCategories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Customers, or all as CSV */
        get: operations["listCustomers"];
        put?: never;
        /** Add a customer */
        post: operations["createCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One customer, or a deleted one */
        get: operations["getCustomer"];
        /** Replace what a customer is */
        put: operations["replaceCustomer"];
        post?: never;
        /** Delete a customer who owes nothing */
        delete: operations["deleteCustomer"];
        options?: never;
        head?: never;
        /** Change some fields of a customer */
        patch: operations["patchCustomer"];
        trace?: never;
    };
    "/api/customers/{id}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a customer bought on credit and paid, newest first */
        get: operations["listCustomerEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/ledger/{version}/reverse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undo a payment */
        post: operations["reverseCustomerPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take money from a customer for what they owe */
        post: operations["payCustomerDebt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a deleted customer back */
        post: operations["restoreCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that were tried too often */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One message that was tried too often */
        get: operations["getDeadLetter"];
        put?: never;
        post?: never;
        /** Decide that a parked message needs not be dealt with */
        delete: operations["dropDeadLetter"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a parked message tried again */
        post: operations["replayDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/employees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Those who work in the caller's stores, or all as CSV */
        get: operations["listEmployees"];
        put?: never;
        /** Add someone who works here */
        post: operations["createEmployee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/employees/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One employee, or a deleted one */
        get: operations["getEmployee"];
        /** Replace what an employee is */
        put: operations["replaceEmployee"];
        post?: never;
        /** Let an employee go */
        delete: operations["deleteEmployee"];
        options?: never;
        head?: never;
        /** Change some fields of an employee */
        patch: operations["patchEmployee"];
        trace?: never;
    };
    "/api/employees/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a deleted employee back */
        post: operations["restoreEmployee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inventory/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is sold out, below its reorder point, or about to expire */
        get: operations["listAlerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inventory/alerts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert */
        get: operations["getAlert"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inventory/alerts/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say that one has seen to it */
        post: operations["acknowledgeAlert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/inventory/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that has happened, in the order of the commits
         * @description Go on behind `next_after`. `wait=30` holds the request until there is an event. Of the whole log a caller sees what they may read.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in with name and password */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one is told of, newest first */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say that one has read one */
        post: operations["readNotification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How one wants to be told */
        get: operations["getNotificationPreferences"];
        /**
         * Say how one wants to be told
         * @description Whole: what is left out is as for someone new.
         */
        put: operations["setNotificationPreferences"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/read-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say that one has read all, or those up to one */
        post: operations["readAllNotifications"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own requests that were taken on, newest first */
        get: operations["listOperations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/operations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of them, with what came of it */
        get: operations["getOperation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Orders and sales, newest first, or all as CSV */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description It is pending until a worker takes its goods, all or none: then it is confirmed, or rejected with what was missing. `Prefer: wait=5` waits for that.
         */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One order, or a deleted one */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        /** Hide an order of which nothing is left to be done */
        delete: operations["deleteOrder"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Call an order off; its goods go back */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an order that was sent, and take the money for it */
        post: operations["completeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take goods of an order or a sale back */
        post: operations["returnOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{id}/ship": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a confirmed order */
        post: operations["shipOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Products, or all as CSV */
        get: operations["listProducts"];
        put?: never;
        /** Make a product */
        post: operations["createProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/products/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One product, or a deleted one */
        get: operations["getProduct"];
        /** Replace a product */
        put: operations["replaceProduct"];
        post?: never;
        /** Delete a product that is not on hand */
        delete: operations["deleteProduct"];
        options?: never;
        head?: never;
        /** Change some fields of a product */
        patch: operations["patchProduct"];
        trace?: never;
    };
    "/api/products/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a deleted product back */
        post: operations["restoreProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sell over the counter: order, payments and goods at once */
        post: operations["sell"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What holds for the whole shop */
        get: operations["getSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change what holds for the whole shop */
        patch: operations["patchSettings"];
        trace?: never;
    };
    "/api/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make the first administrator and the first store */
        post: operations["setUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record one movement */
        post: operations["recordMovement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/add": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record goods that came in */
        post: operations["addStock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is on hand, now or at any past instant */
        get: operations["listLevels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/movements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ledger, newest first */
        get: operations["listMovements"];
        put?: never;
        /** Record many movements at once */
        post: operations["recordMovements"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/movements/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One movement */
        get: operations["getMovement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/movements/{id}/reverse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undo a movement by a new one */
        post: operations["reverseMovement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record goods that were taken out */
        post: operations["removeStock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stock/sale": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record goods that were sold */
        post: operations["sellStock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The stores that one can see */
        get: operations["listStores"];
        put?: never;
        /** Make a store */
        post: operations["createStore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One store, or a deleted one */
        get: operations["getStore"];
        /** Replace a store */
        put: operations["replaceStore"];
        post?: never;
        /** Delete a store that is empty */
        delete: operations["deleteStore"];
        options?: never;
        head?: never;
        /** Change some fields of a store */
        patch: operations["patchStore"];
        trace?: never;
    };
    "/api/stores/{id}/inventory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is on hand in one store */
        get: operations["getInventory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores/{id}/inventory/{product_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set a level right after a count */
        put: operations["setQuantity"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores/{id}/inventory/{product_id}/reorder-point": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** When to order again, in one store */
        put: operations["setReorderPoint"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a deleted store back */
        post: operations["restoreStore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/suppliers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Suppliers, or all as CSV */
        get: operations["listSuppliers"];
        put?: never;
        /** Add a supplier */
        post: operations["createSupplier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/suppliers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One supplier, or a deleted one */
        get: operations["getSupplier"];
        /** Replace what a supplier is */
        put: operations["replaceSupplier"];
        post?: never;
        /** Delete a supplier that is no product's usual one */
        delete: operations["deleteSupplier"];
        options?: never;
        head?: never;
        /** Change some fields of a supplier */
        patch: operations["patchSupplier"];
        trace?: never;
    };
    "/api/suppliers/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring a deleted supplier back */
        post: operations["restoreSupplier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All users */
        get: operations["listUsers"];
        put?: never;
        /** Add a user */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One user */
        get: operations["getUser"];
        /** Replace what a user is */
        put: operations["replaceUser"];
        post?: never;
        /** Let a user go */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /** Change a user, set a password, disable */
        patch: operations["patchUser"];
        trace?: never;
    };
    "/api/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is running */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own saved views and those that are shared */
        get: operations["listViews"];
        put?: never;
        /** Save a view of a list */
        post: operations["createView"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/views/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One saved view */
        get: operations["getView"];
        /** Replace a saved view */
        put: operations["replaceView"];
        post?: never;
        /** Delete a saved view */
        delete: operations["deleteView"];
        options?: never;
        head?: never;
        /** Change a saved view */
        patch: operations["patchView"];
        trace?: never;
    };
    "/api/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where events are sent to */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Have events sent to a server
         * @description Signed by Standard Webhooks; the answer shows the secret, this once. The URL has to be `https` and to lead to public addresses, but for networks that the setting `webhook_networks` names.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One webhook, without its secret */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** Have nothing sent there any more */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /** Change, pause or take up a webhook */
        patch: operations["changeWebhook"];
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was sent to a webhook, and how that went */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries/{delivery_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One delivery */
        get: operations["getWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries/{delivery_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a delivery once more, under the same `webhook-id` */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook a new secret
         * @description The one before signs as well for 24 hours, so that receivers have time to change; any from before that, no more.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send an event `webhook.test` */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same as it happens, over a WebSocket
         * @description The first message says who it is: `{"type":"auth","token":"…","since":null,"topics":["stock","orders"]}`. Then `ready`, and an `event` for each thing that happens and that the caller may read. Goes on without a gap behind the last `cursor`, or says `resync`.
         */
        get: operations["openWebSocket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process runs */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether requests should come here */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All metrics, for Prometheus */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description One user. */
        AccountAnswer: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            user: components["schemas"]["UserAccount"];
        };
        /** @description One page of users. */
        AccountList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
            users: components["schemas"]["UserAccount"][];
        };
        /** @description Who has seen to an alert. */
        Acknowledgement: {
            /**
             * Format: date-time
             * @description When.
             * @example 2026-01-31T08:30:00.000000Z
             */
            at: string;
            /** @description What they noted. */
            note: string | null;
            /**
             * Format: int64
             * @description Who.
             */
            user_id: number;
            /** @description Their name. */
            username: string;
        };
        /**
         * @description What whoever sees to an alert has to say.
         * @example {
         *       "note": "ordered by telephone"
         *     }
         */
        AcknowledgeRequest: {
            /**
             * @description Free text.
             * @default null
             */
            note?: string | null;
        };
        /** @description Who did it. */
        Actor: {
            /**
             * Format: int64
             * @description The user.
             */
            id: number;
            /** @description By which name that one signs in. */
            username: string;
        };
        /** @description Something that people should know of a product's stock in a store. */
        Alert: {
            /** @description Who has seen to it. */
            acknowledged: components["schemas"]["Acknowledgement"] | null;
            /**
             * Format: date-time
             * @description Until when it was so.
             * @example 2026-01-31T08:30:00.000000Z
             */
            cleared_at: string | null;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description What it says: `low_stock`, `out_of_stock` or `expiring`. */
            kind: string;
            /** @description Of which lot, where it is about one. */
            lot: components["schemas"]["AlertLot"] | null;
            /** @description The product's name. */
            name: string;
            /**
             * Format: double
             * @description What is on hand now, of the lot where it is about one.
             */
            on_hand: number;
            /**
             * Format: int64
             * @description Of what.
             */
            product_id: number;
            /**
             * Format: date-time
             * @description Since when it is so.
             * @example 2026-01-31T08:30:00.000000Z
             */
            raised_at: string;
            /**
             * Format: double
             * @description The product's reorder point in the store now.
             */
            reorder_point: number | null;
            /** @description The product's SKU. */
            sku: string;
            /** @description Where it stands. */
            state: components["schemas"]["AlertState"];
            /**
             * Format: int64
             * @description Where.
             */
            store_id: number;
            /** @description What quantities of it count: `each`, `kg`, `l` or `m`. */
            unit: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One alert. */
        AlertAnswer: {
            alert: components["schemas"]["Alert"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description What an alert says. */
        AlertKind: "low_stock" | "out_of_stock" | "expiring";
        /** @description Alerts, newest first. */
        AlertList: {
            alerts: components["schemas"]["Alert"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description The lot that an alert is about. */
        AlertLot: {
            /** @description The lot's code, as printed on the goods. */
            code: string;
            /** @description Its last day. */
            expires_on: string | null;
        };
        /** @description Where an alert stands. */
        AlertState: "open" | "acknowledged" | "cleared";
        /**
         * @description The process is alive.
         * @example {
         *       "status": "success"
         *     }
         */
        Alive: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description A key, without itself. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: int64
             * @description Who made it.
             */
            created_by: number;
            /**
             * Format: date-time
             * @description When it ends by itself.
             * @example 2026-01-31T08:30:00.000000Z
             */
            expires_at: string | null;
            /** @description All its roles, by store. */
            grants: components["schemas"]["Grant"][];
            /** @description How the key begins, to tell it from others. */
            hint: string;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description From where. */
            last_used_address: string | null;
            /**
             * Format: date-time
             * @description When it was used last, to the minute.
             * @example 2026-01-31T08:30:00.000000Z
             */
            last_used_at: string | null;
            /** @description Which program it is for. */
            name: string;
            /**
             * Format: date-time
             * @description When it was ended.
             * @example 2026-01-31T08:30:00.000000Z
             */
            revoked_at: string | null;
            /** @description The highest of its roles. */
            role: components["schemas"]["Role"];
            /** @description Its stores; `null` for all, those to come included. */
            store_ids: number[] | null;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description The user under whose number it acts.
             */
            user_id: number;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /**
         * @description A key, to be made or to replace what another was.
         * @example {
         *       "name": "Web shop, new"
         *     }
         */
        ApiKeyPatch: {
            /**
             * Format: date-time
             * @description When it ends; never unless stated.
             * @example 2026-01-31T08:30:00.000000Z
             */
            expires_at?: string | null;
            /** @description In place of `role` and `store_ids`: a role for each store. */
            grants?: components["schemas"]["GrantInput"][] | null;
            /** @description Which program it is for: whatever the program does bears this name. */
            name?: string;
            /** @description What the program may do, in each of `store_ids`. */
            role?: components["schemas"]["Role"] | null;
            /** @description Its stores; `null` for all, those to come included. */
            store_ids?: number[] | null;
        };
        /** @description Who did it, as they were known then. */
        AuditActor: {
            /**
             * Format: int64
             * @description The user's number; a key has one too.
             */
            id: number | null;
            /** @description `user`, `key`, `database`, `system` or `nobody`. */
            kind: string;
            /** @description The name; of someone who could not sign in, the name that was tried. */
            name: string;
        };
        /** @description One entry of the audit log. */
        AuditEntry: {
            /** @description What was done. */
            action: string;
            /** @description Who did it. */
            actor: components["schemas"]["AuditActor"];
            /** @description From which address. */
            address: string | null;
            /** @description What it is since, or what else is known of it. */
            after: unknown;
            /**
             * Format: date-time
             * @description When it was committed.
             * @example 2026-01-31T08:30:00.000000Z
             */
            at: string;
            /** @description What it was. */
            before: unknown;
            /**
             * Format: int64
             * @description The entry: 1, 2, 3 … without gaps.
             */
            id: number;
            /** @description By which request. */
            request_id: string | null;
            /**
             * Format: int64
             * @description In which store, if in one.
             */
            store_id: number | null;
            /** @description To what. */
            subject: components["schemas"]["AuditSubject"];
        };
        /** @description One page of the audit log, newest first. */
        AuditLog: {
            audit_logs: components["schemas"]["AuditEntry"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description What it was done to. */
        AuditSubject: {
            /**
             * Format: int64
             * @description Which one.
             */
            id: number | null;
            /** @description What kind of thing. */
            kind: string;
        };
        /** @description A code that a product is scanned by. */
        Barcode: {
            /** @description What the scanner reads. */
            code: string;
            /**
             * @description How much of the product is in the pack that bears it. A movement states its quantity
             *      itself: nothing is multiplied by this.
             */
            pack_quantity: number;
        };
        /** @description A barcode of a product. */
        BarcodeInput: {
            /** @description What the scanner reads. */
            code: string;
            /** @description How much of the product is in the pack that bears it; 1 unless stated. */
            pack_quantity?: number | null;
        };
        /** @description A category. */
        Category: {
            /** @description Its name, which is all there is to it. */
            name: string;
            /**
             * Format: int64
             * @description How many products are in it, deleted ones aside.
             */
            product_count: number;
        };
        /** @description One page of categories. */
        CategoryList: {
            /** @description The categories, by name. */
            categories: components["schemas"]["Category"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description It worked. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description The end of an order.
         * @example {
         *       "note": "left at the door"
         *     }
         */
        CompleteRequest: {
            /**
             * @description Free text.
             * @default null
             */
            note?: string | null;
            /** @description How it was paid, if it was paid here: together exactly what it comes to. */
            payments?: components["schemas"]["PaymentRequest"][];
        };
        /** @description A customer, as a caller sees them. */
        Customer: {
            /** @description Where they live. */
            address: string | null;
            /**
             * @description What they owe; below zero where they have paid in advance.
             * @example 12.50
             */
            balance: string;
            /**
             * Format: date-time
             * @description When they became one.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * @description How much they may owe; `null` where they pay at once.
             * @example 12.50
             */
            credit_limit: string | null;
            /** @description Where to write to. */
            email: string | null;
            /**
             * Format: int64
             * @description Who.
             */
            id: number;
            /** @description Hidden, and closed to new orders. */
            is_deleted: boolean;
            /** @description What they are called. */
            name: string;
            /** @description How to call them. */
            phone_number: string | null;
            /**
             * Format: date-time
             * @description When they were changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One customer. */
        CustomerAnswer: {
            customer: components["schemas"]["Customer"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description One entry of what a customer owes. */
        CustomerEntry: {
            /** @description Who did it. */
            actor: string;
            /**
             * @description Above zero where they owe more than before.
             * @example 12.50
             */
            amount: string;
            /**
             * @description What they owed after it.
             * @example 12.50
             */
            balance: string;
            /**
             * Format: int64
             * @description Whose.
             */
            customer_id: number;
            /** @description `credit_sale`, `payment`, `return` or `reversal`. */
            kind: string;
            /** @description How it was paid: `cash`, `card` or `other`. */
            method: string | null;
            /** @description Free text. */
            note: string | null;
            /**
             * Format: int64
             * @description The order that was bought or brought back.
             */
            order_id: number | null;
            /**
             * Format: date-time
             * @description When it was written.
             * @example 2026-01-31T08:30:00.000000Z
             */
            recorded_at: string;
            /** @description A document's number. */
            reference: string | null;
            /**
             * Format: int64
             * @description The entry that undid this one.
             */
            reversed_by: number | null;
            /**
             * Format: int64
             * @description The entry that this one undoes.
             */
            reverses: number | null;
            /**
             * Format: int64
             * @description Where.
             */
            store_id: number;
            /**
             * Format: int64
             * @description 1, 2, 3 … for each customer.
             */
            version: number;
        };
        /**
         * @description A customer, to be made or to replace another.
         * @example {
         *       "address": "3 Mill Lane",
         *       "credit_limit": "100.00",
         *       "email": "mia@example.com",
         *       "name": "Mia Keller",
         *       "phone_number": "+44 20 7946 0123"
         *     }
         */
        CustomerInput: {
            /** @description Where they live. */
            address?: string | null;
            /**
             * @description How much they may owe. Needs the permission `grant_credit`.
             * @example 12.50
             */
            credit_limit?: string | number | null;
            /**
             * Format: email
             * @description Where to write to.
             * @example mia@example.com
             */
            email?: string | null;
            /** @description What they are called. */
            name: string;
            /** @description How to call them. */
            phone_number?: string | null;
        };
        /** @description One page of customers. */
        CustomerList: {
            customers: components["schemas"]["Customer"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description A customer, to be made or to replace another.
         * @example {
         *       "phone_number": "+44 20 7946 0456"
         *     }
         */
        CustomerPatch: {
            /** @description Where they live. */
            address?: string | null;
            /**
             * @description How much they may owe. Needs the permission `grant_credit`.
             * @example 12.50
             */
            credit_limit?: string | number | null;
            /**
             * Format: email
             * @description Where to write to.
             * @example mia@example.com
             */
            email?: string | null;
            /** @description What they are called. */
            name?: string;
            /** @description How to call them. */
            phone_number?: string | null;
        };
        /** @description A message that was tried too often. */
        DeadLetter: {
            /**
             * Format: int64
             * @description How often it was tried.
             */
            attempts: number;
            /** @description What went wrong the last time. */
            error: string;
            /**
             * Format: int64
             * @description The event that it is about; of an order that was found to be stuck, its number below zero.
             */
            event_id: number;
            /** @description What had happened, as in `order.placed`. */
            event_type: string;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /**
             * Format: date-time
             * @description When it was parked.
             * @example 2026-01-31T08:30:00.000000Z
             */
            parked_at: string;
            /** @description From which queue. */
            queue: string;
            /** @description `parked`, `replaying`, `done` or `dropped`. */
            state: string;
            /**
             * Format: int64
             * @description In which store, if in one.
             */
            store_id: number | null;
            /**
             * Format: int64
             * @description Which one.
             */
            subject_id: number;
            /** @description What kind of thing it had happened to. */
            subject_kind: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One dead letter. */
        DeadLetterAnswer: {
            dead_letter: components["schemas"]["DeadLetter"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description Dead letters, newest first. */
        DeadLetterList: {
            dead_letters: components["schemas"]["DeadLetter"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description Where a dead letter stands. */
        DeadLetterState: "parked" | "replaying" | "done" | "dropped";
        /** @description How a customer pays what they owe. */
        DebtPaymentMethod: "cash" | "card" | "other";
        /** @description One delivery. */
        DeliveryAnswer: {
            delivery: components["schemas"]["WebhookDelivery"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description One page of deliveries, newest first. */
        DeliveryList: {
            deliveries: components["schemas"]["WebhookDelivery"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description An employee, as a caller sees them. */
        Employee: {
            /** @description How to reach them. */
            contact_info: string | null;
            /**
             * Format: date-time
             * @description When they were added.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description Since when. */
            hire_date: string;
            /**
             * Format: int64
             * @description Who.
             */
            id: number;
            /** @description Hidden: they have left. */
            is_deleted: boolean;
            /** @description What they are called. */
            name: string;
            /** @description What they do. */
            position: string;
            /**
             * Format: int64
             * @description Where they work; `null` for the whole shop.
             */
            store_id: number | null;
            /**
             * Format: date-time
             * @description When they were changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One employee. */
        EmployeeAnswer: {
            employee: components["schemas"]["Employee"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description An employee, to be made or to replace another.
         * @example {
         *       "contact_info": "+44 20 7946 0777",
         *       "hire_date": "2026-01-31",
         *       "name": "Ben Carter",
         *       "position": "Cashier",
         *       "store_id": 1
         *     }
         */
        EmployeeInput: {
            /** @description How to reach them. */
            contact_info?: string | null;
            /**
             * Format: date
             * @description Since when.
             * @example 2026-01-31
             */
            hire_date: string;
            /** @description What they are called. */
            name: string;
            /** @description What they do. */
            position: string;
            /**
             * Format: int64
             * @description Where they work. Without it for the whole shop, which needs a role in all stores.
             */
            store_id?: number | null;
        };
        /** @description One page of employees. */
        EmployeeList: {
            employees: components["schemas"]["Employee"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description An employee, to be made or to replace another.
         * @example {
         *       "position": "Shift lead"
         *     }
         */
        EmployeePatch: {
            /** @description How to reach them. */
            contact_info?: string | null;
            /**
             * Format: date
             * @description Since when.
             * @example 2026-01-31
             */
            hire_date?: string;
            /** @description What they are called. */
            name?: string;
            /** @description What they do. */
            position?: string;
            /**
             * Format: int64
             * @description Where they work. Without it for the whole shop, which needs a role in all stores.
             */
            store_id?: number | null;
        };
        /** @description One entry. */
        EntryAnswer: {
            entry: components["schemas"]["CustomerEntry"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description What a customer owes, newest first. */
        EntryList: {
            entries: components["schemas"]["CustomerEntry"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description Why a request failed: the `error` of the envelope. */
        Error: {
            /** @description Stable, for programs. */
            code: components["schemas"]["ErrorCode"];
            /** @description Every value that the message names. */
            details: {
                [key: string]: unknown;
            };
            /** @description All fields at fault. */
            errors: components["schemas"]["FieldError"][];
            /** @description The first field at fault. */
            field: string | null;
            /** @description What happened and what to do, for people. */
            message: string;
        };
        /** @description What every failed request answers. */
        ErrorAnswer: {
            /** @description What went wrong. */
            error: components["schemas"]["Error"];
            /** @description Names this request in the log. */
            request_id: string;
            /**
             * @description Always `error`.
             * @enum {string}
             */
            status: "error";
        };
        /** @description What went wrong, stable for programs. Each code has one HTTP status. */
        ErrorCode: "invalid_request" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "not_acceptable" | "request_timeout" | "insufficient_stock" | "credit_limit_exceeded" | "duplicate_sku" | "duplicate_barcode" | "duplicate_code" | "duplicate_username" | "duplicate_name" | "invalid_state" | "already_set_up" | "request_in_progress" | "cursor_expired" | "version_mismatch" | "payload_too_large" | "unsupported_media_type" | "idempotency_key_reused" | "upgrade_required" | "rate_limited" | "too_many_attempts" | "internal" | "overloaded" | "unavailable" | "outcome_unknown";
        /** @description Something that has happened. */
        Event: {
            /** @description What else is to be known of it. */
            data: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description Its place in the log. Places rise; a caller who does not see all events sees gaps.
             */
            id: number;
            /**
             * Format: date-time
             * @description When.
             * @example 2026-01-31T08:30:00.000000Z
             */
            occurred_at: string;
            /**
             * Format: int64
             * @description In which store, if in one.
             */
            store_id: number | null;
            /** @description What it happened to. */
            subject: components["schemas"]["EventSubject"];
            /** @description What, as in `stock.moved`. */
            type: string;
        };
        /** @description Events in the order in which they were committed. */
        EventsAnswer: {
            events: components["schemas"]["Event"][];
            /**
             * Format: int64
             * @description Where to go on: everything up to here is told, or not for this caller.
             */
            next_after: number;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description What an event happened to. */
        EventSubject: {
            /**
             * Format: int64
             * @description Which one.
             */
            id: number;
            /** @description What kind of thing, as in `order`. */
            kind: string;
        };
        /** @description One fault of one field. */
        FieldError: {
            /** @description What kind of fault: `invalid`, `required`, `unknown`, `duplicate`, or an error code. */
            code: string;
            /** @description Which, as in `items[2].quantity`; `""` for the body as a whole. */
            field: string;
            /** @description What is wrong, and what would be right. */
            message: string;
        };
        /** @description A role and where it is held. */
        Grant: {
            /** @description The role there. */
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description The store; `null` for all stores, those to come included.
             */
            store_id: number | null;
        };
        /** @description A role and where it is held. */
        GrantInput: {
            /** @description The role there. */
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description The store; `null` for all stores, those to come included.
             */
            store_id?: number | null;
        };
        /** @description One item. */
        ItemRequest: {
            /** @description What, by one of its barcodes. */
            barcode?: string | null;
            /**
             * @description The code of the lot that is sold, of a product whose lots are tracked; what expires first
             *      unless stated. An order chooses its lots when its goods are taken.
             */
            lot?: string | null;
            /**
             * @description What one unit costs, tax included; the catalogue's price unless stated. Another needs the
             *      permission `supervise_sales`.
             * @example 12.50
             */
            price?: string | number | null;
            /**
             * Format: int64
             * @description What: exactly one of `product_id`, `sku` and `barcode`.
             */
            product_id?: number | null;
            /** @description How much, in the product's unit. */
            quantity: number;
            /** @description What, by its SKU. */
            sku?: string | null;
        };
        /** @description One key. */
        KeyAnswer: {
            api_key: components["schemas"]["ApiKey"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description A key, to be made or to replace what another was.
         * @example {
         *       "expires_at": "2027-12-31T00:00:00Z",
         *       "name": "Web shop",
         *       "role": "staff",
         *       "store_ids": [
         *         1
         *       ]
         *     }
         */
        KeyInput: {
            /**
             * Format: date-time
             * @description When it ends; never unless stated.
             * @example 2026-01-31T08:30:00.000000Z
             */
            expires_at?: string | null;
            /** @description In place of `role` and `store_ids`: a role for each store. */
            grants?: components["schemas"]["GrantInput"][] | null;
            /** @description Which program it is for: whatever the program does bears this name. */
            name: string;
            /** @description What the program may do, in each of `store_ids`. */
            role?: components["schemas"]["Role"] | null;
            /** @description Its stores; `null` for all, those to come included. */
            store_ids?: number[] | null;
        };
        /** @description One page of keys, newest first. */
        KeyList: {
            api_keys: components["schemas"]["ApiKey"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description What is on hand of one product (and lot) in one store. */
        Level: {
            /** @description Which lot, if the product's lots are tracked. */
            lot: components["schemas"]["Lot"] | null;
            /** @description The product's name. */
            name: string;
            /**
             * Format: double
             * @description In the product's unit.
             */
            on_hand: number;
            /**
             * Format: int64
             * @description What.
             */
            product_id: number;
            /**
             * Format: double
             * @description Below it, the product is to be ordered: the store's own, or the product's.
             */
            reorder_point: number | null;
            /** @description The product's SKU. */
            sku: string;
            /**
             * Format: int64
             * @description Where.
             */
            store_id: number;
            /** @description What quantities of it count: `each`, `kg`, `l` or `m`. */
            unit: string;
            /** @description When it last changed. Left out as of a past instant after which it has changed again. */
            updated_at: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description How many movements made this level; for `If-Match`.
             */
            version: number;
        };
        /** @description Levels. */
        Levels: {
            /** @description The instant that was asked for. */
            as_of?: components["schemas"]["Timestamp"] | null;
            levels: components["schemas"]["Level"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description Name and password.
         * @example {
         *       "password": "violet kettle under rain",
         *       "username": "ada"
         *     }
         */
        Login: {
            /** @description The password. */
            password: string;
            /** @description In any case: `Ada` and `ada` are the same. */
            username: string;
        };
        /** @description A batch of one product. */
        Lot: {
            /** @description The lot's code, as printed on the goods. */
            code: string;
            /** @description The day after which it must not be sold, if there is one. */
            expires_on: string | null;
        };
        /** @description Which lot of a product whose lots are tracked. */
        LotRef: {
            /** @description The lot's code, as printed on the goods. */
            code: string;
            /**
             * Format: date
             * @description The day after which it must not be sold; stated when the lot first comes in.
             * @example 2026-01-31
             */
            expires_on?: string | null;
        };
        /** @description What many movements are answered with. */
        ManyAnswer: {
            /** @description In the order of the request. */
            movements: components["schemas"]["Movement"][];
            /** @description `success`. */
            status: "success";
        } | {
            /**
             * Format: uint
             * @description How many were refused.
             */
            failed: number;
            /** @description In the order of the request. */
            results: components["schemas"]["ResultOfOne"][];
            /** @description `success`. */
            status: "success";
            /**
             * Format: uint
             * @description How many were recorded.
             */
            succeeded: number;
        };
        /**
         * @description Many movements at once.
         * @example {
         *       "atomic": true,
         *       "movements": [
         *         {
         *           "type": "stock_in",
         *           "product_id": 1,
         *           "quantity": 24,
         *           "store_id": 1
         *         },
         *         {
         *           "type": "sale",
         *           "product_id": 1,
         *           "quantity": 1,
         *           "store_id": 1
         *         }
         *       ]
         *     }
         */
        ManyMovements: {
            /** @description All or none. Otherwise each stands for itself. */
            atomic: boolean;
            /** @description At most 10,000; at most 2,000 if they are atomic. */
            movements: components["schemas"]["TypedMovement"][];
        };
        /** @description One entry of the ledger. */
        Movement: {
            /** @description Who did it. */
            actor: components["schemas"]["Actor"];
            /**
             * Format: double
             * @description What was on hand after it.
             */
            balance: number;
            /** @description When it happened. */
            effective_at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description The entry.
             */
            id: number;
            /** @description Which lot, if the product's lots are tracked. */
            lot: components["schemas"]["Lot"] | null;
            /** @description Free text. */
            note: string | null;
            /**
             * Format: int64
             * @description The order that it was made for.
             */
            order_id: number | null;
            /**
             * Format: int64
             * @description What.
             */
            product_id: number;
            /**
             * Format: double
             * @description Signed, in the product's unit.
             */
            quantity: number;
            /** @description Why goods were removed or a level corrected. */
            reason: string | null;
            /** @description When it was written; strictly rising per store, product and lot. */
            recorded_at: components["schemas"]["Timestamp"];
            /** @description A document's number. */
            reference: string | null;
            /**
             * Format: int64
             * @description The movement that undid this one.
             */
            reversed_by: number | null;
            /**
             * Format: int64
             * @description The movement that this one undoes.
             */
            reverses: number | null;
            /** @description The product's SKU. */
            sku: string;
            /**
             * Format: int64
             * @description Where.
             */
            store_id: number;
            /**
             * @description Why goods moved: `stock_in`, `sale`, `manual_remove`, `sale_return`, `found`,
             *      `count_adjustment` or `reversal`.
             */
            type: string;
            /** @description What a unit cost, as it was stated; only for those who may see costs. */
            unit_cost?: string | null;
            /**
             * Format: int64
             * @description 1, 2, 3 … per store, product and lot.
             */
            version: number;
        };
        /** @description One movement. */
        MovementAnswer: {
            movement: components["schemas"]["Movement"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description Movements, newest first. */
        Movements: {
            movements: components["schemas"]["Movement"][];
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description Why goods moved. Upper case is understood too.
         * @enum {string}
         */
        MovementType: "stock_in" | "sale" | "manual_remove" | "sale_return" | "found" | "count_adjustment" | "reversal";
        /** @description A rate of tax that products are sold at. */
        NamedTaxRate: {
            /** @description What it is called, as on a receipt. */
            name: string;
            /**
             * @description In percent.
             * @example 19.00
             */
            rate: string | number;
        };
        /** @description A key that was made. */
        NewKeyAnswer: {
            api_key: components["schemas"]["ApiKey"];
            /**
             * @description The key itself, for the header `Authorization: Bearer srk_…`. This is the only time that
             *      it is shown: a repetition of the request has `null` here.
             */
            key: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description A movement whose type is in the path.
         * @example {
         *       "product_id": 1,
         *       "quantity": 2,
         *       "store_id": 1
         *     }
         */
        NewMovement: {
            /** @description What, by one of its barcodes. */
            barcode?: string | null;
            /**
             * Format: date-time
             * @description When it happened, if not now.
             * @example 2026-01-31T08:30:00.000000Z
             */
            effective_at?: string | null;
            /** @description Which lot, if the product's lots are tracked. */
            lot?: components["schemas"]["LotRef"] | null;
            /** @description Free text. */
            note?: string | null;
            /**
             * Format: int64
             * @description What: exactly one of `product_id`, `sku` and `barcode`.
             */
            product_id?: number | null;
            /** @description How much, in the product's unit, with at most three decimals. */
            quantity: number;
            /** @description Why; a removal needs one. */
            reason?: components["schemas"]["Reason"] | null;
            /** @description A document's number: delivery note, receipt. */
            reference?: string | null;
            /** @description What, by its SKU. */
            sku?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
            /**
             * @description What a unit has cost, for goods that come in.
             * @example 12.50
             */
            unit_cost?: string | number | null;
        };
        /**
         * @description An order to be placed.
         * @example {
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "quantity": 2
         *         }
         *       ],
         *       "store_id": 1
         *     }
         */
        NewOrderRequest: {
            /**
             * Format: int64
             * @description Who buys.
             */
            customer_id?: number | null;
            /**
             * Format: int64
             * @description Who serves.
             */
            employee_id?: number | null;
            /** @description What: 1 to 2,000 items. Those of one product at one price are merged. */
            items: components["schemas"]["ItemRequest"][];
            /** @description Free text. */
            note?: string | null;
            /** @description A document's number. */
            reference?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
            /**
             * Format: int64
             * @description Who placed it; the caller unless stated.
             */
            user_id?: number | null;
        };
        /**
         * @description A new password.
         * @example {
         *       "current_password": "violet kettle under rain",
         *       "new_password": "seven quiet otters swim"
         *     }
         */
        NewPassword: {
            /** @description The one until now. */
            current_password: string;
            /** @description At least 12 characters, and none of the common ones. */
            new_password: string;
        };
        /**
         * @description Money that a customer pays of what they owe, or in advance.
         * @example {
         *       "amount": "20.00",
         *       "method": "cash",
         *       "store_id": 1
         *     }
         */
        NewPayment: {
            /**
             * @description How much; more than zero.
             * @example 12.50
             */
            amount: string | number;
            /** @description How. */
            method: components["schemas"]["DebtPaymentMethod"];
            /** @description Free text. */
            note?: string | null;
            /** @description A document's number. */
            reference?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
        };
        /**
         * @description A sale over the counter.
         * @example {
         *       "items": [
         *         {
         *           "price": "9.90",
         *           "product_id": 1,
         *           "quantity": 1
         *         }
         *       ],
         *       "payments": [
         *         {
         *           "amount": "9.90",
         *           "method": "cash"
         *         }
         *       ],
         *       "store_id": 1
         *     }
         */
        NewSaleRequest: {
            /**
             * Format: int64
             * @description Who buys; to pay on credit, someone has to be named.
             */
            customer_id?: number | null;
            /**
             * Format: int64
             * @description Who serves.
             */
            employee_id?: number | null;
            /** @description What: 1 to 2,000 items, each a line of the receipt. */
            items: components["schemas"]["ItemRequest"][];
            /** @description Free text. */
            note?: string | null;
            /**
             * Format: date-time
             * @description When it was sold, if not now.
             * @example 2026-01-31T08:30:00.000000Z
             */
            order_date?: string | null;
            /**
             * @description Sell what is not on record, too: what is missing is recorded as found first. Needs the
             *      permission `supervise_sales`.
             * @default false
             */
            override?: boolean;
            /** @description How it is paid: together exactly what the items come to. */
            payments: components["schemas"]["PaymentRequest"][];
            /** @description A receipt's number. */
            reference?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
            /**
             * Format: int64
             * @description Who sold it; the caller unless stated.
             */
            user_id?: number | null;
        };
        /** @description A secret that was replaced. */
        NewSecretAnswer: {
            /**
             * Format: date-time
             * @description Until when deliveries are signed with the one before it as well.
             * @example 2026-01-31T08:30:00.000000Z
             */
            previous_until: string;
            /**
             * @description The new secret, `whsec_…`. This is the only time that it is shown: a repetition of the
             *      request has `null` here.
             */
            secret: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description A webhook that was made. */
        NewWebhookAnswer: {
            /**
             * @description What its deliveries are signed with, `whsec_…`. This is the only time that it is shown: a
             *      repetition of the request has `null` here.
             */
            secret: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            webhook: components["schemas"]["Webhook"];
        };
        /** @description Something that one is told of. */
        Notification: {
            /**
             * Format: date-time
             * @description When it happened.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description What is noted down of it. */
            data: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description The event.
             */
            event_id: number;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /**
             * Format: date-time
             * @description When one has read it.
             * @example 2026-01-31T08:30:00.000000Z
             */
            read_at: string | null;
            /**
             * Format: int64
             * @description In which store, if in one.
             */
            store_id: number | null;
            /** @description To what. */
            subject: components["schemas"]["NotificationSubject"];
            /** @description The same in a line. */
            title: string;
            /** @description `orders`, `alerts`, `accounts`, `prices`, `overrides` or `system`. */
            topic: string;
            /** @description What has happened, as events name it. */
            type: string;
        };
        /** @description One notification. */
        NotificationAnswer: {
            notification: components["schemas"]["Notification"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description How one hears of a topic. */
        NotificationChannel: "off" | "inbox" | "email";
        /** @description Notifications, newest first. */
        NotificationList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            notifications: components["schemas"]["Notification"][];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
            /** @description How many one has not read, of all topics. */
            unread: components["schemas"]["Total"];
        };
        /**
         * @description How someone wants to be told. What is left out is as for someone new.
         * @example {
         *       "all_stores": true,
         *       "email": "ada@example.com",
         *       "topics": {
         *         "alerts": "email",
         *         "orders": "off"
         *       }
         *     }
         */
        NotificationPreferences: {
            /**
             * @description Whether to hear of every store, where one's role is held in all. Unless stated, if there
             *      is no more than one.
             * @default null
             */
            all_stores?: boolean | null;
            /**
             * Format: email
             * @description Where mail goes.
             * @default null
             * @example mia@example.com
             */
            email?: string | null;
            /**
             * @description How to hear of topics; `inbox` unless stated.
             * @default {}
             */
            topics?: {
                [key: string]: components["schemas"]["NotificationChannel"];
            };
        };
        /** @description How one wants to be told. */
        NotificationPreferencesAnswer: {
            preferences: components["schemas"]["NotificationPreferencesView"];
            /** @description Whether this server sends mail at all. */
            sends_mail: boolean;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /**
             * Format: int64
             * @description Rises by one with each change; 0 before the first.
             */
            version: number;
        };
        /** @description How someone wants to be told, whole. */
        NotificationPreferencesView: {
            /** @description Whether to hear of every store, where one's role is held in all. */
            all_stores: boolean | null;
            /**
             * Format: email
             * @description Where mail goes.
             * @example mia@example.com
             */
            email: string | null;
            /** @description How to hear of each topic. */
            topics: {
                [key: string]: components["schemas"]["NotificationChannel"];
            };
        };
        /** @description What a notification is about. */
        NotificationSubject: {
            /**
             * Format: int64
             * @description Which one.
             */
            id: number;
            /** @description What kind of thing: `order`, `alert` … */
            kind: string;
        };
        /** @description What someone may choose to hear of. */
        NotificationTopic: "orders" | "alerts" | "accounts" | "prices" | "overrides" | "system";
        /** @description A request that was taken on. */
        Operation: {
            /**
             * Format: date-time
             * @description When it was taken on.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was done or refused.
             * @example 2026-01-31T08:30:00.000000Z
             */
            finished_at: string | null;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description What is done: the operation's id in this document, as in `addStock`. */
            kind: string;
            /**
             * @description What came of it. Lists leave it out, and it is withheld from whoever has lost a right that
             *      it takes to see it.
             */
            result: components["schemas"]["OperationResult"] | null;
            /** @description Where it stands. */
            state: components["schemas"]["OperationState"];
        };
        /** @description One request that was taken on. */
        OperationAnswer: {
            operation: components["schemas"]["Operation"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description Requests that were taken on, newest first. */
        OperationList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            operations: components["schemas"]["Operation"][];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description What came of a request. */
        OperationResult: {
            /** @description What it would have answered. */
            answer: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description The HTTP status that the call would have had.
             */
            status: number;
        };
        /** @description Where a request that was taken on stands. */
        OperationState: "queued" | "done" | "failed";
        /** @description An order, as a caller sees it. */
        Order: {
            /** @description `order`: placed, to be confirmed; `till`: sold over the counter. */
            channel: string;
            /**
             * Format: int64
             * @description Who buys.
             */
            customer_id: number | null;
            /**
             * Format: int64
             * @description Who serves.
             */
            employee_id: number | null;
            /** @description What was done to it, one entry a version. */
            history: components["schemas"]["OrderHistory"][];
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description Hidden from lists. */
            is_deleted: boolean;
            /**
             * Format: int64
             * @description How many items it has; of a long one a list shows the first 100.
             */
            item_count: number;
            /** @description What, as it was called and priced then. */
            items: components["schemas"]["OrderItem"][];
            /** @description Free text. */
            note: string | null;
            /**
             * Format: date-time
             * @description When it was placed or sold.
             * @example 2026-01-31T08:30:00.000000Z
             */
            order_date: string;
            /** @description Money taken for it; below zero where it was given back. */
            payments: components["schemas"]["OrderPayment"][];
            /** @description A document's number. */
            reference: string | null;
            /**
             * @description What was given back for goods that came back.
             * @example 12.50
             */
            refunded: string;
            /** @description Of a rejected order, what was missing. */
            shortages: components["schemas"]["OrderShortage"][];
            /** @description `pending`, `confirmed`, `rejected`, `shipped`, `completed` or `cancelled`. */
            status: string;
            /**
             * Format: int64
             * @description Where.
             */
            store_id: number;
            /**
             * @description The tax in it.
             * @example 12.50
             */
            tax: string;
            /**
             * @description What it comes to, tax included: the sum of its rounded lines.
             * @example 12.50
             */
            total: string;
            /**
             * Format: int64
             * @description Who placed it.
             */
            user_id: number | null;
            /**
             * Format: int64
             * @description Rises by one with each step.
             */
            version: number;
        };
        /** @description One order. */
        OrderAnswer: {
            order: components["schemas"]["Order"];
            /**
             * Format: int64
             * @description The order's number.
             */
            order_id: number;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @enum {string} */
        OrderChannel: "order" | "till";
        /** @description A step in the life of an order. */
        OrderHistory: {
            /** @description Who did it. */
            actor: string;
            /**
             * Format: date-time
             * @description When.
             * @example 2026-01-31T08:30:00.000000Z
             */
            at: string;
            /**
             * @description `placed`, `sold`, `confirmed`, `rejected`, `shipped`, `completed`, `cancelled`, `returned`
             *      or `deleted`.
             */
            event: string;
            /** @description Free text. */
            note: string | null;
            /** @description Where the order stood then. */
            status: string;
            /**
             * Format: int64
             * @description The order's version after it.
             */
            version: number;
        };
        /** @description One item of an order. */
        OrderItem: {
            /**
             * Format: int64
             * @description 1, 2, 3 … in each order.
             */
            id: number;
            /** @description Its name then. */
            name: string;
            /**
             * @description What one unit costs, tax included.
             * @example 12.50
             */
            price: string;
            /**
             * Format: int64
             * @description What.
             */
            product_id: number;
            /**
             * Format: double
             * @description How much, in the product's unit.
             */
            quantity: number;
            /**
             * Format: double
             * @description How much of it has come back.
             */
            returned: number;
            /** @description Its SKU when it was ordered. */
            sku: string;
            /** @description The tax in it, in percent. */
            tax_rate: string;
            /**
             * @description Quantity times price, rounded to the cent.
             * @example 12.50
             */
            total: string;
        };
        /** @description Orders, newest first. */
        OrderList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            orders: components["schemas"]["Order"][];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /** @description Money taken for an order, or given back. */
        OrderPayment: {
            /**
             * @description How much; below zero where it was given back.
             * @example 12.50
             */
            amount: string;
            /**
             * Format: date-time
             * @description When.
             * @example 2026-01-31T08:30:00.000000Z
             */
            at: string;
            /** @description `cash`, `card`, `credit` (on the customer's account) or `other`. */
            method: string;
        };
        /** @description What was missing of one item. */
        OrderShortage: {
            /**
             * Format: double
             * @description How much of it was there, after the items before it.
             */
            available: number;
            /**
             * Format: int64
             * @description The item.
             */
            item_id: number;
            /**
             * Format: int64
             * @description What.
             */
            product_id: number;
            /**
             * Format: double
             * @description How much was asked for.
             */
            requested: number;
            /** @description Its SKU. */
            sku: string;
        };
        /** @enum {string} */
        OrderStatus: "pending" | "confirmed" | "rejected" | "shipped" | "completed" | "cancelled";
        /** @description How something is paid. */
        PaymentMethod: "cash" | "card" | "credit" | "other";
        /** @description A part of what is paid. */
        PaymentRequest: {
            /**
             * @description How much; more than zero.
             * @example 12.50
             */
            amount: string | number;
            /** @description How. */
            method: components["schemas"]["PaymentMethod"];
        };
        /**
         * @description How someone likes the screens.
         * @example {
         *       "preferences": {
         *         "density": "compact",
         *         "theme": "dark"
         *       }
         *     }
         */
        Preferences: {
            /** @description Any JSON object of at most 16 KiB: it belongs to the web interface. */
            preferences: {
                [key: string]: unknown;
            };
        };
        /** @description How someone likes the screens. */
        PreferencesAnswer: {
            /** @description As they were set; `{}` before that. */
            preferences: {
                [key: string]: unknown;
            };
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /**
             * Format: int64
             * @description Rises by one with each change; 0 before the first.
             */
            version: number;
        };
        /**
         * @description A product, as a caller sees it.
         * @example {
         *       "description": null,
         *       "barcodes": [
         *         {
         *           "code": "4006381333931",
         *           "pack_quantity": 1
         *         }
         *       ],
         *       "category": "Cats",
         *       "cost": "7.80",
         *       "created_at": "2026-01-31T08:30:00.000000Z",
         *       "id": 17,
         *       "is_deleted": false,
         *       "name": "Cat food with salmon, 2 kg",
         *       "on_hand": 31,
         *       "price": "12.50",
         *       "reorder_point": 5,
         *       "reorder_quantity": 24,
         *       "sku": "CAT-FOOD-2KG",
         *       "supplier_id": null,
         *       "tax_rate": "19.00",
         *       "track_lots": false,
         *       "unit": "each",
         *       "updated_at": "2026-02-14T16:05:12.250000Z",
         *       "version": 3
         *     }
         */
        Product: {
            /** @description The codes that it is scanned by. */
            barcodes: components["schemas"]["Barcode"][];
            /** @description Where it belongs. */
            category: string | null;
            /**
             * @description What one unit costs the shop; left out for callers whose role sees no costs.
             * @example 12.50
             */
            cost?: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description More about it. */
            description: string | null;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description Hidden, and closed to movements. */
            is_deleted: boolean;
            /** @description What people call it. */
            name: string;
            /** @description What the caller's stores have of it together. */
            on_hand: number;
            /**
             * @description What one unit sells for.
             * @example 12.50
             */
            price: string;
            /** @description Below it the product is to be ordered again. */
            reorder_point: number | null;
            /** @description How much to order then. */
            reorder_quantity: number | null;
            /** @description The shop's own number of the article. */
            sku: string;
            /**
             * Format: int64
             * @description Who delivers it.
             */
            supplier_id: number | null;
            /**
             * @description The tax in its price, in percent.
             * @example 19.00
             */
            tax_rate: string | number;
            /** @description Whether its stock is kept by lot. */
            track_lots: boolean;
            /**
             * @description What its quantities count.
             * @enum {string}
             */
            unit: "each" | "kg" | "l" | "m";
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One product. */
        ProductAnswer: {
            /** @description The product. */
            product: components["schemas"]["Product"];
            /** @description It worked. */
            status: "success";
        };
        /**
         * @description A product, to be made or to replace another.
         * @example {
         *       "barcodes": [
         *         {
         *           "code": "4006381333931"
         *         },
         *         {
         *           "code": "4006381333948",
         *           "pack_quantity": 6
         *         }
         *       ],
         *       "category": "Cats",
         *       "cost": "7.80",
         *       "name": "Cat food with salmon, 2 kg",
         *       "price": "12.50",
         *       "reorder_point": 5,
         *       "reorder_quantity": 24,
         *       "sku": "CAT-FOOD-2KG",
         *       "tax_rate": "19.00",
         *       "unit": "each"
         *     }
         */
        ProductInput: {
            /** @description The codes that it is scanned by, at most 50. Each belongs to one product. */
            barcodes?: components["schemas"]["BarcodeInput"][] | null;
            /** @description Where it belongs. */
            category?: string | null;
            /**
             * @description What one unit costs the shop.
             * @example 12.50
             */
            cost?: string | number | null;
            /** @description More about it. */
            description?: string | null;
            /** @description What people call it. */
            name: string;
            /**
             * @description What one unit sells for, tax included.
             * @example 12.50
             */
            price: string | number;
            /** @description Below it the product is to be ordered again. */
            reorder_point?: number | null;
            /** @description How much to order then. */
            reorder_quantity?: number | null;
            /**
             * @description The shop's own number of the article: unique, in any case, among products that are
             *      not deleted.
             */
            sku: string;
            /**
             * Format: int64
             * @description Who delivers it.
             */
            supplier_id?: number | null;
            /**
             * @description The tax in its price, in percent; 0 unless stated.
             * @example 19.00
             */
            tax_rate?: string | number | null;
            /** @description Whether its stock is kept by lot. Fixed once there were movements. */
            track_lots?: boolean | null;
            /**
             * @description What its quantities count; `each` unless stated. Fixed once there were movements.
             * @enum {string|null}
             */
            unit?: "each" | "kg" | "l" | "m" | null;
        };
        /** @description One page of products. */
        ProductList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The products. */
            products: components["schemas"]["Product"][];
            /** @description It worked. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description A product, to be made or to replace another.
         * @example {
         *       "category": null,
         *       "price": "11.90"
         *     }
         */
        ProductPatch: {
            /** @description The codes that it is scanned by, at most 50. Each belongs to one product. */
            barcodes?: components["schemas"]["BarcodeInput"][] | null;
            /** @description Where it belongs. */
            category?: string | null;
            /**
             * @description What one unit costs the shop.
             * @example 12.50
             */
            cost?: string | number | null;
            /** @description More about it. */
            description?: string | null;
            /** @description What people call it. */
            name?: string;
            /**
             * @description What one unit sells for, tax included.
             * @example 12.50
             */
            price?: string | number;
            /** @description Below it the product is to be ordered again. */
            reorder_point?: number | null;
            /** @description How much to order then. */
            reorder_quantity?: number | null;
            /**
             * @description The shop's own number of the article: unique, in any case, among products that are
             *      not deleted.
             */
            sku?: string;
            /**
             * Format: int64
             * @description Who delivers it.
             */
            supplier_id?: number | null;
            /**
             * @description The tax in its price, in percent; 0 unless stated.
             * @example 19.00
             */
            tax_rate?: string | number | null;
            /** @description Whether its stock is kept by lot. Fixed once there were movements. */
            track_lots?: boolean | null;
            /**
             * @description What its quantities count; `each` unless stated. Fixed once there were movements.
             * @enum {string|null}
             */
            unit?: "each" | "kg" | "l" | "m" | null;
        };
        /**
         * @description Who is asking.
         * @example {
         *       "permissions": {
         *         "read_stock": null,
         *         "sell": [
         *           1,
         *           2
         *         ]
         *       },
         *       "status": "success",
         *       "user": {
         *         "grants": [
         *           {
         *             "role": "admin",
         *             "store_id": null
         *           }
         *         ],
         *         "id": 1,
         *         "name": "Ada",
         *         "role": "admin",
         *         "store_ids": null,
         *         "username": "ada",
         *         "version": 1
         *       }
         *     }
         */
        Profile: {
            /**
             * @description What they may do: permissions, each with the stores in which they hold it; `null` stands for
             *      all stores. What is not named they do not hold anywhere.
             */
            permissions: {
                [key: string]: number[] | null;
            };
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description Who. */
            user: components["schemas"]["User"];
        };
        /**
         * @description What someone changes about themselves.
         * @example {
         *       "name": "Ada Lovelace"
         *     }
         */
        ProfilePatch: {
            /** @description Their name, for people. */
            name?: string;
        };
        /** @description What was not read before. */
        ReadAllAnswer: {
            /**
             * Format: uint64
             * @description How many.
             */
            read: number;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description What one has read.
         * @example {
         *       "up_to": 1
         *     }
         */
        ReadAllRequest: {
            /**
             * Format: int64
             * @description The last one that was seen: those that came later stay unread. All, unless stated.
             * @default null
             */
            up_to?: number | null;
        };
        /** @description The process can take requests. */
        Ready: {
            /** @description Always `true`: what is not ready answers 503. */
            ready: boolean;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /** @description Why goods were taken out or a level was corrected. */
        Reason: "damaged" | "expired" | "theft" | "mortality" | "internal_use" | "supplier_return" | "count" | "found" | "other";
        /**
         * @description A refresh token.
         * @example {
         *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE"
         *     }
         */
        Refresh: {
            /** @description The last one that was given. */
            refresh_token: string;
        };
        /**
         * @description A movement whose type is in the path.
         * @example {
         *       "note": "Dropped while unpacking",
         *       "product_id": 1,
         *       "quantity": 2,
         *       "reason": "damaged",
         *       "store_id": 1
         *     }
         */
        Removal: {
            /** @description What, by one of its barcodes. */
            barcode?: string | null;
            /**
             * Format: date-time
             * @description When it happened, if not now.
             * @example 2026-01-31T08:30:00.000000Z
             */
            effective_at?: string | null;
            /** @description Which lot, if the product's lots are tracked. */
            lot?: components["schemas"]["LotRef"] | null;
            /** @description Free text. */
            note?: string | null;
            /**
             * Format: int64
             * @description What: exactly one of `product_id`, `sku` and `barcode`.
             */
            product_id?: number | null;
            /** @description How much, in the product's unit, with at most three decimals. */
            quantity: number;
            /** @description Why; a removal needs one. */
            reason: components["schemas"]["Reason"] | null;
            /** @description A document's number: delivery note, receipt. */
            reference?: string | null;
            /** @description What, by its SKU. */
            sku?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
            /**
             * @description What a unit has cost, for goods that come in.
             * @example 12.50
             */
            unit_cost?: string | number | null;
        };
        /** @description A reorder point as it was set. */
        ReorderPointAnswer: {
            /**
             * Format: int64
             * @description The product.
             */
            product_id: number;
            /**
             * Format: double
             * @description The store's own; null where the product's holds.
             */
            reorder_point: number | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /**
             * Format: int64
             * @description The store.
             */
            store_id: number;
        };
        /** @description What became of one movement among many. */
        ResultOfOne: {
            /** @description Why it was refused. */
            error?: components["schemas"]["Error"] | null;
            /**
             * Format: uint
             * @description Its place in the request, from 0.
             */
            index: number;
            /** @description What was recorded. */
            movement?: components["schemas"]["Movement"] | null;
            /** @description `success` or `error`. */
            status: string;
        };
        /** @description Goods of one item that come back. */
        ReturnedItem: {
            /** @description What becomes of it. */
            disposition: components["schemas"]["WireDisposition"];
            /**
             * Format: int64
             * @description The item's number in the order.
             */
            item_id: number;
            /** @description How much. */
            quantity: number;
            /** @description Why it is written off; `damaged` unless stated. */
            reason?: components["schemas"]["WriteOffReason"] | null;
        };
        /**
         * @description Goods that a customer brings back.
         * @example {
         *       "items": [
         *         {
         *           "disposition": "restock",
         *           "item_id": 1,
         *           "quantity": 1
         *         }
         *       ]
         *     }
         */
        ReturnRequest: {
            /** @description What: each item once. */
            items: components["schemas"]["ReturnedItem"][];
            /** @description Free text. */
            note?: string | null;
            /**
             * @description How the money is given back: together exactly what is given back for the items. Unless
             *      stated, in the ways in which it was paid, what the customer owes first.
             */
            refunds?: components["schemas"]["PaymentRequest"][] | null;
        };
        /**
         * @description Why a movement is undone.
         * @example {
         *       "note": "scanned twice"
         *     }
         */
        Reverse: {
            /**
             * @description Free text.
             * @default null
             */
            note?: string | null;
        };
        /** @description What someone is, somewhere. */
        Role: "admin" | "manager" | "staff" | "auditor";
        /** @description A view, as a caller sees it. */
        SavedView: {
            /**
             * Format: date-time
             * @description When it was saved.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description Filters, sorting, columns. */
            definition: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description Whether everyone sees it. */
            is_shared: boolean;
            /** @description Which list it shows. */
            list: string;
            /** @description What it is called. */
            name: string;
            /**
             * Format: int64
             * @description Whose it is.
             */
            owner_id: number;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /**
         * @description A view, to be saved or to replace another.
         * @example {
         *       "name": "Dog food"
         *     }
         */
        SavedViewPatch: {
            /** @description Filters, sorting, columns: any JSON object of at most 16 KiB. */
            definition?: {
                [key: string]: unknown;
            };
            /** @description Whether everyone sees it; needs a role in all stores. */
            is_shared?: boolean | null;
            /** @description Which list it shows: `products`, `orders` … */
            list?: string;
            /** @description What it is called; unique among one's own views of the list, in any case. */
            name?: string;
        };
        /** @description A sign-in on a device. */
        Session: {
            /** @description From where it came. */
            address: string | null;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends unless it is used.
             * @example 2026-01-31T08:30:00.000000Z
             */
            expires_at: string;
            /**
             * Format: int64
             * @description The sign-in.
             */
            id: number;
            /** @description Whether this request came by it. */
            is_current: boolean;
            /**
             * Format: date-time
             * @description When its tokens were renewed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            last_used_at: string;
            /** @description The client, in its own words. */
            user_agent: string | null;
        };
        /** @description One page of the caller's own sign-ins, newest first. */
        SessionList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            sessions: components["schemas"]["Session"][];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description A level set right.
         * @example {
         *       "quantity": 10,
         *       "reason": "count"
         *     }
         */
        SetQuantity: {
            /** @description Which lot, if the product's lots are tracked. */
            lot?: components["schemas"]["LotRef"] | null;
            /** @description Free text. */
            note?: string | null;
            /** @description What is really there, in the product's unit. */
            quantity: number;
            /** @description Why it differs. */
            reason: components["schemas"]["Reason"];
        };
        /**
         * @description When to order a product again, in one store.
         * @example {
         *       "reorder_point": 6
         *     }
         */
        SetReorderPoint: {
            /** @description Below it the product is to be ordered; null for the product's own. */
            reorder_point?: number | null;
        };
        /** @description What holds for the whole shop. */
        Settings: {
            /** @description ISO 4217. */
            currency: string;
            /**
             * @description The rate of a product that states none.
             * @example 19.00
             */
            default_tax_rate: string | number;
            /**
             * Format: int64
             * @description So many days before its last day a lot is about to expire.
             */
            expiring_days: number;
            /** @description Whether prices contain the tax. */
            prices_include_tax: boolean;
            /** @description What stands at its foot. */
            receipt_footer: string | null;
            /** @description What stands at the head of a receipt. */
            receipt_header: string | null;
            /** @description Who may make an account. */
            registration: "closed" | "open";
            /** @description What the shop is called, as on a receipt. */
            shop_name: string | null;
            /** @description The rates that there are to choose from. */
            tax_rates: components["schemas"]["NamedTaxRate"][];
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description The settings. */
        SettingsAnswer: {
            settings: components["schemas"]["Settings"];
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description The settings that change (RFC 7396): what is not named stays, `null` removes.
         * @example {
         *       "receipt_footer": "Thank you!",
         *       "shop_name": "Paws & Co.",
         *       "tax_rates": [
         *         {
         *           "name": "Full",
         *           "rate": "19.00"
         *         },
         *         {
         *           "name": "Reduced",
         *           "rate": "7.00"
         *         }
         *       ]
         *     }
         */
        SettingsPatch: {
            /** @description ISO 4217; fixed once goods have moved, for amounts are not converted. */
            currency?: string | null;
            /**
             * @description The rate of a product that states none.
             * @example 19.00
             */
            default_tax_rate?: string | number | null;
            /**
             * Format: int64
             * @description So many days before its last day a lot is about to expire: 0 to 365.
             */
            expiring_days?: number | null;
            /** @description Whether prices contain the tax. */
            prices_include_tax?: boolean | null;
            /** @description What stands at its foot. */
            receipt_footer?: string | null;
            /** @description What stands at the head of a receipt. */
            receipt_header?: string | null;
            /** @description Who may make an account. */
            registration?: ("closed" | "open") | null;
            /** @description What the shop is called, as on a receipt. */
            shop_name?: string | null;
            /** @description The rates that there are to choose from, at most 20. */
            tax_rates?: components["schemas"]["NamedTaxRate"][] | null;
        };
        /**
         * @description The first administrator and the first store.
         * @example {
         *       "password": "violet kettle under rain",
         *       "setup_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
         *       "store": {
         *         "currency": "EUR",
         *         "name": "Main street",
         *         "time_zone": "Europe/Paris"
         *       },
         *       "username": "ada"
         *     }
         */
        Setup: {
            /** @description At least 12 characters, and none of the common ones. */
            password: string;
            /** @description Printed when the server starts. */
            setup_token: string;
            /** @description The first store. */
            store?: components["schemas"]["SetupStore"];
            /** @description 1 to 64 letters, digits and `. _ - @ +`. */
            username: string;
        };
        /** @description The first store. */
        SetupStore: {
            /** @description The whole shop's currency, ISO 4217; `USD` if it is left out. */
            currency?: string | null;
            /** @description "Main store" if it is left out. */
            name?: string | null;
            /** @description Of the IANA database; `UTC` if it is left out. */
            time_zone?: string | null;
        };
        /**
         * @description A pair of tokens and whose they are.
         * @example {
         *       "expires_in": 600,
         *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
         *       "status": "success",
         *       "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…",
         *       "user": {
         *         "grants": [
         *           {
         *             "role": "admin",
         *             "store_id": null
         *           }
         *         ],
         *         "id": 1,
         *         "name": "Ada",
         *         "role": "admin",
         *         "store_ids": null,
         *         "username": "ada",
         *         "version": 1
         *       }
         *     }
         */
        SignedInAnswer: {
            /**
             * Format: int64
             * @description For how many seconds the token is good.
             */
            expires_in: number;
            /** @description Good once, for the next pair. */
            refresh_token: string;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description For the header `Authorization: Bearer …`. */
            token: string;
            /** @description Who. */
            user: components["schemas"]["User"];
        };
        /**
         * @description The session has ended.
         * @example {
         *       "status": "success"
         *     }
         */
        SignedOut: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
        };
        /**
         * @description A step that needs no more than itself.
         * @example {
         *       "note": "by bicycle"
         *     }
         */
        StepRequest: {
            /**
             * @description Free text.
             * @default null
             */
            note?: string | null;
        };
        /** @description A store, as a caller sees it. */
        Store: {
            /** @description Where it is. */
            address: string | null;
            /** @description Its short name. */
            code: string;
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: int64
             * @description The hour at which its business day begins.
             */
            day_cut_hour: number;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description Hidden, and closed to movements. */
            is_deleted: boolean;
            /** @description What people call it. */
            name: string;
            /** @description How to call it. */
            phone: string | null;
            /** @description Where its days begin and end: a name of the IANA database. */
            time_zone: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One store. */
        StoreAnswer: {
            /** @description It worked. */
            status: "success";
            /** @description The store. */
            store: components["schemas"]["Store"];
        };
        /**
         * @description A store, to be made or to replace another.
         * @example {
         *       "address": "12 North Street",
         *       "code": "NORTH",
         *       "name": "North Street",
         *       "phone": "+44 20 7946 0000",
         *       "time_zone": "Europe/London"
         *     }
         */
        StoreInput: {
            /** @description Where it is. */
            address?: string | null;
            /** @description Its short name: unique, in any case, among stores that are not deleted. */
            code: string;
            /**
             * Format: uint8
             * @description The hour (0 to 23) at which its business day begins: what is sold after midnight in a
             *      bar belongs to the day before. 0 unless stated.
             */
            day_cut_hour?: number | null;
            /** @description What people call it. */
            name: string;
            /** @description How to call it. */
            phone?: string | null;
            /**
             * @description A name of the IANA database; `UTC` unless stated. Movements keep the business day that
             *      they were recorded with.
             */
            time_zone?: string | null;
        };
        /** @description One page of stores. */
        StoreList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description It worked. */
            status: "success";
            /** @description The stores. */
            stores: components["schemas"]["Store"][];
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description A store, to be made or to replace another.
         * @example {
         *       "name": "North Street 14"
         *     }
         */
        StorePatch: {
            /** @description Where it is. */
            address?: string | null;
            /** @description Its short name: unique, in any case, among stores that are not deleted. */
            code?: string;
            /**
             * Format: uint8
             * @description The hour (0 to 23) at which its business day begins: what is sold after midnight in a
             *      bar belongs to the day before. 0 unless stated.
             */
            day_cut_hour?: number | null;
            /** @description What people call it. */
            name?: string;
            /** @description How to call it. */
            phone?: string | null;
            /**
             * @description A name of the IANA database; `UTC` unless stated. Movements keep the business day that
             *      they were recorded with.
             */
            time_zone?: string | null;
        };
        /** @description A supplier, as a caller sees them. */
        Supplier: {
            /** @description How to reach them. */
            contact_info: string | null;
            /**
             * Format: date-time
             * @description When they were added.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: int64
             * @description Who.
             */
            id: number;
            /** @description Hidden, and closed to new products. */
            is_deleted: boolean;
            /**
             * Format: int64
             * @description How many days pass from an order to its delivery.
             */
            lead_time_days: number | null;
            /** @description What they are called. */
            name: string;
            /** @description What they deliver. A product names one of its suppliers as the usual one. */
            product_ids: number[];
            /**
             * Format: date-time
             * @description When they were changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One supplier. */
        SupplierAnswer: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            supplier: components["schemas"]["Supplier"];
        };
        /**
         * @description A supplier, to be made or to replace another.
         * @example {
         *       "contact_info": "orders@example.com, +44 20 7946 0999",
         *       "lead_time_days": 3,
         *       "name": "Northern Pet Wholesale",
         *       "product_ids": [
         *         1
         *       ]
         *     }
         */
        SupplierInput: {
            /** @description How to reach them. */
            contact_info?: string | null;
            /**
             * Format: uint16
             * @description How many days pass from an order to its delivery.
             */
            lead_time_days?: number | null;
            /** @description What they are called. */
            name: string;
            /** @description What they deliver, at most 10,000 products. */
            product_ids?: number[] | null;
        };
        /** @description One page of suppliers. */
        SupplierList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            suppliers: components["schemas"]["Supplier"][];
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
        };
        /**
         * @description A supplier, to be made or to replace another.
         * @example {
         *       "lead_time_days": 5
         *     }
         */
        SupplierPatch: {
            /** @description How to reach them. */
            contact_info?: string | null;
            /**
             * Format: uint16
             * @description How many days pass from an order to its delivery.
             */
            lead_time_days?: number | null;
            /** @description What they are called. */
            name?: string;
            /** @description What they deliver, at most 10,000 products. */
            product_ids?: number[] | null;
        };
        /**
         * Format: date-time
         * @description RFC 3339 in UTC, to the microsecond.
         * @example 2026-11-14T09:00:00.000000Z
         */
        Timestamp: string;
        /** @description How many entries a list has in all, for `include_total=true`. */
        Total: {
            /** @description Whether that is exact. */
            exact: boolean;
            /**
             * Format: int64
             * @description The number; 10,000 where there are more.
             */
            value: number;
        };
        /**
         * @description A movement with its type.
         * @example {
         *       "type": "stock_in",
         *       "product_id": 1,
         *       "quantity": 12.5,
         *       "store_id": 1,
         *       "unit_cost": "3.20"
         *     }
         */
        TypedMovement: {
            /** @description What, by one of its barcodes. */
            barcode?: string | null;
            /**
             * Format: date-time
             * @description When it happened, if not now.
             * @example 2026-01-31T08:30:00.000000Z
             */
            effective_at?: string | null;
            /** @description Which lot, if the product's lots are tracked. */
            lot?: components["schemas"]["LotRef"] | null;
            /** @description Free text. */
            note?: string | null;
            /**
             * Format: int64
             * @description What: exactly one of `product_id`, `sku` and `barcode`.
             */
            product_id?: number | null;
            /** @description How much, in the product's unit, with at most three decimals. */
            quantity: number;
            /** @description Why; a removal needs one. */
            reason?: components["schemas"]["Reason"] | null;
            /** @description A document's number: delivery note, receipt. */
            reference?: string | null;
            /** @description What, by its SKU. */
            sku?: string | null;
            /**
             * Format: int64
             * @description Where; may be left out by a caller who can see exactly one store.
             */
            store_id?: number | null;
            /**
             * @description `stock_in`, `sale`, `manual_remove`, `found` or `count_adjustment`; of the last the
             *      quantity is the signed difference.
             */
            type: components["schemas"]["MovementType"];
            /**
             * @description What a unit has cost, for goods that come in.
             * @example 12.50
             */
            unit_cost?: string | number | null;
        };
        /**
         * @description Why a payment is undone.
         * @example {
         *       "note": "typed twice"
         *     }
         */
        UndonePayment: {
            /**
             * @description Free text.
             * @default null
             */
            note?: string | null;
        };
        /** @description A user. */
        User: {
            /** @description All their roles, by store. */
            grants: components["schemas"]["Grant"][];
            /**
             * Format: int64
             * @description Who.
             */
            id: number;
            /** @description Their name. */
            name: string;
            /** @description The highest of their roles; `staff` without any. */
            role: components["schemas"]["Role"];
            /** @description Their stores; `null` for all, those to come included. */
            store_ids: number[] | null;
            /** @description What they sign in with. */
            username: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description A user, as an administrator sees them. */
        UserAccount: {
            /**
             * Format: date-time
             * @description When they were added.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /**
             * Format: int64
             * @description Which of those who work here they are.
             */
            employee_id: number | null;
            /** @description All their roles, by store. */
            grants: components["schemas"]["Grant"][];
            /**
             * Format: int64
             * @description Who.
             */
            id: number;
            /** @description Has left: kept, because what they did bears their name. */
            is_deleted: boolean;
            /** @description May not sign in. */
            is_disabled: boolean;
            /**
             * Format: date-time
             * @description When they signed in last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            last_sign_in_at: string | null;
            /** @description Their name. */
            name: string;
            /** @description The highest of their roles; without any, `staff`. */
            role: components["schemas"]["Role"];
            /** @description Their stores; `null` for all, those to come included. */
            store_ids: number[] | null;
            /**
             * Format: date-time
             * @description When they were changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /** @description What they sign in with. */
            username: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /**
         * @description A user, to be added or to replace what another was.
         * @example {
         *       "name": "Bob Green",
         *       "password": "seven quiet otters swim",
         *       "role": "staff",
         *       "store_ids": [
         *         1
         *       ],
         *       "username": "bob"
         *     }
         */
        UserInput: {
            /**
             * Format: int64
             * @description Which of those who work here they are: what they sell bears that number unless stated.
             */
            employee_id?: number | null;
            /** @description In place of `role` and `store_ids`: a role for each store. */
            grants?: components["schemas"]["GrantInput"][] | null;
            /** @description May not sign in, for now. */
            is_disabled?: boolean | null;
            /** @description Their name; the username unless stated. */
            name?: string | null;
            /**
             * @description At least 12 characters, and none of the common ones. Needed for a new user; for another,
             *      a new one, which ends all their sign-ins.
             */
            password?: string | null;
            /** @description What they are, in each of `store_ids`. */
            role?: components["schemas"]["Role"] | null;
            /**
             * @description Their stores; `null` for all, those to come included. An administrator is one in all, and
             *      an auditor is unless stated.
             */
            store_ids?: number[] | null;
            /** @description 1 to 64 letters, digits and `. _ - @ +`; unique, in any case. */
            username: string;
        };
        /**
         * @description A user, to be added or to replace what another was.
         * @example {
         *       "is_disabled": true
         *     }
         */
        UserPatch: {
            /**
             * Format: int64
             * @description Which of those who work here they are: what they sell bears that number unless stated.
             */
            employee_id?: number | null;
            /** @description In place of `role` and `store_ids`: a role for each store. */
            grants?: components["schemas"]["GrantInput"][] | null;
            /** @description May not sign in, for now. */
            is_disabled?: boolean | null;
            /** @description Their name; the username unless stated. */
            name?: string | null;
            /**
             * @description At least 12 characters, and none of the common ones. Needed for a new user; for another,
             *      a new one, which ends all their sign-ins.
             */
            password?: string | null;
            /** @description What they are, in each of `store_ids`. */
            role?: components["schemas"]["Role"] | null;
            /**
             * @description Their stores; `null` for all, those to come included. An administrator is one in all, and
             *      an auditor is unless stated.
             */
            store_ids?: number[] | null;
            /** @description 1 to 64 letters, digits and `. _ - @ +`; unique, in any case. */
            username?: string;
        };
        /** @description What is running. */
        Version: {
            /**
             * Format: uint32
             * @description The version of the HTTP contract.
             */
            api: number;
            /** @description The program. */
            name: string;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description The version of Stockroom. */
            version: string;
        };
        /** @description One view. */
        ViewAnswer: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            view: components["schemas"]["SavedView"];
        };
        /**
         * @description A view, to be saved or to replace another.
         * @example {
         *       "definition": {
         *         "category": [
         *           "Dogs"
         *         ],
         *         "sort": "-price"
         *       },
         *       "is_shared": false,
         *       "list": "products",
         *       "name": "Dog food by price"
         *     }
         */
        ViewInput: {
            /** @description Filters, sorting, columns: any JSON object of at most 16 KiB. */
            definition: {
                [key: string]: unknown;
            };
            /** @description Whether everyone sees it; needs a role in all stores. */
            is_shared?: boolean | null;
            /** @description Which list it shows: `products`, `orders` … */
            list: string;
            /** @description What it is called; unique among one's own views of the list, in any case. */
            name: string;
        };
        /** @description One page of views. */
        ViewList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
            views: components["schemas"]["SavedView"][];
        };
        /** @description A webhook, without its secret. */
        Webhook: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description Of which types, as `order.confirmed` or `order.*`; empty: of all. */
            event_types: string[];
            /**
             * Format: date-time
             * @description Since when every attempt has failed, if the last one has.
             * @example 2026-01-31T08:30:00.000000Z
             */
            failing_since: string | null;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @description Whether it is told of events now. */
            is_active: boolean;
            /** @description Hidden, and told of nothing any more. */
            is_deleted: boolean;
            /** @description What it is called. */
            name: string;
            /**
             * @description Why not: `by_hand`; `gone`, the receiver has answered 410; `failing`, nothing has arrived
             *      for five days; `behind`, over 100,000 deliveries wait.
             */
            pause_reason: ("by_hand" | "gone" | "failing" | "behind") | null;
            /** @description Of which stores; empty: of all, and those of the shop as a whole. */
            store_ids: number[];
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-01-31T08:30:00.000000Z
             */
            updated_at: string;
            /** @description Where events are sent to. */
            url: string;
            /**
             * Format: int64
             * @description Rises by one with each change.
             */
            version: number;
        };
        /** @description One webhook. */
        WebhookAnswer: {
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            webhook: components["schemas"]["Webhook"];
        };
        /** @description How one attempt went. */
        WebhookAttempt: {
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-01-31T08:30:00.000000Z
             */
            at: string;
            /** @description What went wrong. */
            error: string | null;
            /**
             * Format: uint16
             * @description What was answered, if anything.
             */
            http_status: number | null;
            /**
             * Format: int64
             * @description How long it took, in milliseconds.
             */
            latency_ms: number;
        };
        /** @description An event that is, was or will be sent to a webhook. */
        WebhookDelivery: {
            /**
             * Format: uint
             * @description How often it was tried.
             */
            attempt_count: number;
            /** @description How each attempt went, the first one first. */
            attempts: components["schemas"]["WebhookAttempt"][];
            /**
             * Format: date-time
             * @description When it was written down.
             * @example 2026-01-31T08:30:00.000000Z
             */
            created_at: string;
            /** @description What was wrong with the last attempt. */
            error: string | null;
            /**
             * Format: int64
             * @description The event's place in the log; `null` for a test.
             */
            event_id: number | null;
            /** @description What has happened, as in `order.placed`. */
            event_type: string;
            /**
             * Format: date-time
             * @description When it arrived or was given up.
             * @example 2026-01-31T08:30:00.000000Z
             */
            finished_at: string | null;
            /**
             * Format: uint16
             * @description What the last attempt was answered.
             */
            http_status: number | null;
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /**
             * Format: int64
             * @description How long the last attempt took, in milliseconds.
             */
            latency_ms: number | null;
            /** @description The header `webhook-id`: the same in each attempt, and when it is sent once more. */
            message_id: string;
            /**
             * Format: date-time
             * @description When it is tried next, if it is.
             * @example 2026-01-31T08:30:00.000000Z
             */
            next_attempt_at: string | null;
            /** @description What is sent. */
            payload: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description The delivery that this one repeats.
             */
            replay_of: number | null;
            /** @description The beginning of what it was answered, 4 KiB at most. */
            response: string | null;
            /** @description `pending`, `delivered` or `failed`. */
            state: string;
            /**
             * Format: int64
             * @description To which webhook.
             */
            webhook_id: number;
        };
        /** @description Where a delivery stands. */
        WebhookDeliveryState: "pending" | "delivered" | "failed";
        /**
         * @description A webhook, to be made.
         * @example {
         *       "event_types": [
         *         "order.*",
         *         "stock.moved"
         *       ],
         *       "name": "Web shop",
         *       "store_ids": [
         *         1
         *       ],
         *       "url": "https://hooks.example.com/stockroom"
         *     }
         */
        WebhookInput: {
            /**
             * @description Of which types: `order.confirmed` by its name, `order.*` for all that begin so. All, where
             *      it is left out or empty.
             */
            event_types?: string[] | null;
            /** @description Whether it is told of events. What happens while it is not, it is never told. */
            is_active?: boolean | null;
            /** @description What it is called. */
            name: string;
            /**
             * @description Of which stores. All, where it is left out or empty, and then what concerns no single store
             *      as well.
             */
            store_ids?: number[] | null;
            /** @description Where events are sent to: `https`, a public address. */
            url: string;
        };
        /** @description One page of webhooks, newest first. */
        WebhookList: {
            /** @description Where the next page begins, if there is one. */
            next_cursor: string | null;
            /** @description The `"status": "success"` of an answer: the first field of every answer's type. */
            status: "success";
            /** @description How many there are in all, where asked for. */
            total?: components["schemas"]["Total"] | null;
            webhooks: components["schemas"]["Webhook"][];
        };
        /**
         * @description A webhook, to be made.
         * @example {
         *       "is_active": false
         *     }
         */
        WebhookPatch: {
            /**
             * @description Of which types: `order.confirmed` by its name, `order.*` for all that begin so. All, where
             *      it is left out or empty.
             */
            event_types?: string[] | null;
            /** @description Whether it is told of events. What happens while it is not, it is never told. */
            is_active?: boolean | null;
            /** @description What it is called. */
            name?: string;
            /**
             * @description Of which stores. All, where it is left out or empty, and then what concerns no single store
             *      as well.
             */
            store_ids?: number[] | null;
            /** @description Where events are sent to: `https`, a public address. */
            url?: string;
        };
        /** @description What becomes of goods that came back. */
        WireDisposition: "restock" | "write_off";
        /** @description Why goods that came back are thrown away. */
        WriteOffReason: "damaged" | "expired" | "other";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listApiKeys: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Those that were ended, too. */
                include_revoked?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "expires_at": "2027-12-31T00:00:00Z",
                 *       "name": "Web shop",
                 *       "role": "staff",
                 *       "store_ids": [
                 *         1
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["KeyInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKeyAnswer"];
                };
            };
        };
    };
    getApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyAnswer"];
                };
            };
        };
    };
    replaceApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "expires_at": "2027-12-31T00:00:00Z",
                 *       "name": "Web shop",
                 *       "role": "staff",
                 *       "store_ids": [
                 *         1
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["KeyInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyAnswer"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Web shop, new"
                 *     }
                 */
                "application/json": components["schemas"]["ApiKeyPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyAnswer"];
                };
            };
        };
    };
    listAuditLogs: {
        parameters: {
            query?: {
                /** @description Only these actions, as in `product.updated`. */
                action?: string[];
                /** @description Only by these users; a program's key has a user's number of its own. */
                actor_id?: number[];
                /** @description Only by this kind of actor. */
                actor_kind?: ("user" | "key" | "database" | "system" | "nobody") | null;
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description At this instant or later. */
                from?: string | null;
                /** @description Movements of stock too, which the ledger (`GET /api/stock/movements`) tells in full. */
                include_movements?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only by this request. */
                request_id?: string | null;
                /** @description Only in these stores. */
                store_id?: number[];
                /** @description Only about the thing of this number; with `subject_kind`. */
                subject_id?: number | null;
                /** @description Only about this kind of thing, as in `product`. */
                subject_kind?: string | null;
                /** @description Before this instant. */
                to?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditLog"];
                };
            };
        };
    };
    authLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "violet kettle under rain",
                 *       "username": "ada"
                 *     }
                 */
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_in": 600,
                     *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
                     *       "status": "success",
                     *       "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInAnswer"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "success"
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
        };
    };
    setPassword: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "violet kettle under rain",
                 *       "new_password": "seven quiet otters swim"
                 *     }
                 */
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getPreferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreferencesAnswer"];
                };
            };
        };
    };
    setPreferences: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "preferences": {
                 *         "density": "compact",
                 *         "theme": "dark"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Preferences"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreferencesAnswer"];
                };
            };
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "permissions": {
                     *         "read_stock": null,
                     *         "sell": [
                     *           1,
                     *           2
                     *         ]
                     *       },
                     *       "status": "success",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
        };
    };
    patchProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace"
                 *     }
                 */
                "application/json": components["schemas"]["ProfilePatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "permissions": {
                     *         "read_stock": null,
                     *         "sell": [
                     *           1,
                     *           2
                     *         ]
                     *       },
                     *       "status": "success",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE"
                 *     }
                 */
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_in": 600,
                     *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
                     *       "status": "success",
                     *       "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInAnswer"];
                };
            };
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Bob Green",
                 *       "password": "seven quiet otters swim",
                 *       "role": "staff",
                 *       "store_ids": [
                 *         1
                 *       ],
                 *       "username": "bob"
                 *     }
                 */
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnswer"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listCategories: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CategoryList"];
                };
            };
        };
    };
    listCustomers: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Words that occur in the name, the address for mail or the digits of the telephone number. */
                q?: string | null;
                /** @description The order; a `-` in front turns it round. */
                sort?: "name" | "-name" | "created_at" | "-created_at";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerList"];
                };
            };
        };
    };
    createCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "address": "3 Mill Lane",
                 *       "credit_limit": "100.00",
                 *       "email": "mia@example.com",
                 *       "name": "Mia Keller",
                 *       "phone_number": "+44 20 7946 0123"
                 *     }
                 */
                "application/json": components["schemas"]["CustomerInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerAnswer"];
                };
            };
        };
    };
    getCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerAnswer"];
                };
            };
        };
    };
    replaceCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "address": "3 Mill Lane",
                 *       "credit_limit": "100.00",
                 *       "email": "mia@example.com",
                 *       "name": "Mia Keller",
                 *       "phone_number": "+44 20 7946 0123"
                 *     }
                 */
                "application/json": components["schemas"]["CustomerInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerAnswer"];
                };
            };
        };
    };
    deleteCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone_number": "+44 20 7946 0456"
                 *     }
                 */
                "application/json": components["schemas"]["CustomerPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerAnswer"];
                };
            };
        };
    };
    listCustomerEntries: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only from these stores. */
                store_id?: number[];
            };
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryList"];
                };
            };
        };
    };
    reverseCustomerPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The customer. */
                id: number;
                /** @description The entry's version. */
                version: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "typed twice"
                 *     }
                 */
                "application/json": components["schemas"]["UndonePayment"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryAnswer"];
                };
            };
        };
    };
    payCustomerDebt: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": "20.00",
                 *       "method": "cash",
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewPayment"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryAnswer"];
                };
            };
        };
    };
    restoreCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerAnswer"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only from these queues. */
                queue?: string[];
                /** @description Only where they stand so; `parked` and `replaying` unless stated. */
                state?: components["schemas"]["DeadLetterState"][];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterList"];
                };
            };
        };
    };
    getDeadLetter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterAnswer"];
                };
            };
        };
    };
    dropDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    replayDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterAnswer"];
                };
            };
        };
    };
    listEmployees: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Words that occur in the name or the position, in any case. */
                q?: string | null;
                /** @description The order; a `-` in front turns it round. */
                sort?: "name" | "-name" | "created_at" | "-created_at";
                /** @description Only in these stores. */
                store_id?: number[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeList"];
                };
            };
        };
    };
    createEmployee: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "contact_info": "+44 20 7946 0777",
                 *       "hire_date": "2026-01-31",
                 *       "name": "Ben Carter",
                 *       "position": "Cashier",
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["EmployeeInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeAnswer"];
                };
            };
        };
    };
    getEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeAnswer"];
                };
            };
        };
    };
    replaceEmployee: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "contact_info": "+44 20 7946 0777",
                 *       "hire_date": "2026-01-31",
                 *       "name": "Ben Carter",
                 *       "position": "Cashier",
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["EmployeeInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeAnswer"];
                };
            };
        };
    };
    deleteEmployee: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchEmployee: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "position": "Shift lead"
                 *     }
                 */
                "application/json": components["schemas"]["EmployeePatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeAnswer"];
                };
            };
        };
    };
    restoreEmployee: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmployeeAnswer"];
                };
            };
        };
    };
    listAlerts: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description Only of these kinds. */
                kind?: components["schemas"]["AlertKind"][];
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only of these products. */
                product_id?: number[];
                /** @description Only where they stand so; unless stated, all that are not cleared. */
                state?: components["schemas"]["AlertState"] | null;
                /** @description Only in these stores. */
                store_id?: number[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertList"];
                };
            };
        };
    };
    getAlert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertAnswer"];
                };
            };
        };
    };
    acknowledgeAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "ordered by telephone"
                 *     }
                 */
                "application/json": components["schemas"]["AcknowledgeRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertAnswer"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description The place to go on behind: the `next_after` of the answer before; 0 for the beginning. */
                after?: number;
                /** @description At most so many events; 50 unless stated, 500 at most. */
                limit?: number | null;
                /** @description Holds the request until there is an event, at most so many seconds; 30 at most. */
                wait?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsAnswer"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "violet kettle under rain",
                 *       "username": "ada"
                 *     }
                 */
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_in": 600,
                     *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
                     *       "status": "success",
                     *       "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInAnswer"];
                };
            };
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only of these topics. */
                topic?: components["schemas"]["NotificationTopic"][];
                /** @description Only those that one has not read. */
                unread?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationList"];
                };
            };
        };
    };
    readNotification: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationAnswer"];
                };
            };
        };
    };
    getNotificationPreferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPreferencesAnswer"];
                };
            };
        };
    };
    setNotificationPreferences: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "all_stores": true,
                 *       "email": "ada@example.com",
                 *       "topics": {
                 *         "alerts": "email",
                 *         "orders": "off"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["NotificationPreferences"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPreferencesAnswer"];
                };
            };
        };
    };
    readAllNotifications: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "up_to": 1
                 *     }
                 */
                "application/json": components["schemas"]["ReadAllRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadAllAnswer"];
                };
            };
        };
    };
    listOperations: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description Only of these kinds. */
                kind?: string[];
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only where they stand so. */
                state?: components["schemas"]["OperationState"][];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationList"];
                };
            };
        };
    };
    getOperation: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=5` answers when the outcome is known, after 5 seconds at the latest; 10 is the most. */
                Prefer?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description Only from there. */
                channel?: components["schemas"]["OrderChannel"] | null;
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description Only of these customers. */
                customer_id?: number[];
                /** @description Only served by these employees. */
                employee_id?: number[];
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Placed or sold at this instant or later. */
                from?: string | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only with this document's number. */
                reference?: string | null;
                /** @description Only where they stand so. */
                status?: components["schemas"]["OrderStatus"][];
                /** @description Only in these stores. */
                store_id?: number[];
                /** @description Placed or sold before this instant. */
                to?: string | null;
                /** @description Only placed by these users. */
                user_id?: number[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderList"];
                };
            };
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `wait=5` answers when the outcome is known, after 5 seconds at the latest; 10 is the most. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "product_id": 1,
                 *           "quantity": 2
                 *         }
                 *       ],
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewOrderRequest"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    getOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    deleteOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "by bicycle"
                 *     }
                 */
                "application/json": components["schemas"]["StepRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    completeOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "left at the door"
                 *     }
                 */
                "application/json": components["schemas"]["CompleteRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    returnOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "disposition": "restock",
                 *           "item_id": 1,
                 *           "quantity": 1
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ReturnRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    shipOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "by bicycle"
                 *     }
                 */
                "application/json": components["schemas"]["StepRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
        };
    };
    listProducts: {
        parameters: {
            query?: {
                /** @description With one of these barcodes. */
                barcode?: string[];
                /** @description In one of these categories. */
                category?: string[];
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Words that occur in the name or the SKU, in any case; or a whole barcode. */
                q?: string | null;
                /** @description With one of these SKUs, in any case. */
                sku?: string[];
                /** @description The order; a `-` in front turns it round. */
                sort?: "name" | "-name" | "sku" | "-sku" | "created_at" | "-created_at";
                /** @description From one of these suppliers. */
                supplier_id?: number[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductList"];
                };
            };
        };
    };
    createProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "barcodes": [
                 *         {
                 *           "code": "4006381333931"
                 *         },
                 *         {
                 *           "code": "4006381333948",
                 *           "pack_quantity": 6
                 *         }
                 *       ],
                 *       "category": "Cats",
                 *       "cost": "7.80",
                 *       "name": "Cat food with salmon, 2 kg",
                 *       "price": "12.50",
                 *       "reorder_point": 5,
                 *       "reorder_quantity": 24,
                 *       "sku": "CAT-FOOD-2KG",
                 *       "tax_rate": "19.00",
                 *       "unit": "each"
                 *     }
                 */
                "application/json": components["schemas"]["ProductInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductAnswer"];
                };
            };
        };
    };
    getProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductAnswer"];
                };
            };
        };
    };
    replaceProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "barcodes": [
                 *         {
                 *           "code": "4006381333931"
                 *         },
                 *         {
                 *           "code": "4006381333948",
                 *           "pack_quantity": 6
                 *         }
                 *       ],
                 *       "category": "Cats",
                 *       "cost": "7.80",
                 *       "name": "Cat food with salmon, 2 kg",
                 *       "price": "12.50",
                 *       "reorder_point": 5,
                 *       "reorder_quantity": 24,
                 *       "sku": "CAT-FOOD-2KG",
                 *       "tax_rate": "19.00",
                 *       "unit": "each"
                 *     }
                 */
                "application/json": components["schemas"]["ProductInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductAnswer"];
                };
            };
        };
    };
    deleteProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "category": null,
                 *       "price": "11.90"
                 *     }
                 */
                "application/json": components["schemas"]["ProductPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductAnswer"];
                };
            };
        };
    };
    restoreProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductAnswer"];
                };
            };
        };
    };
    sell: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "price": "9.90",
                 *           "product_id": 1,
                 *           "quantity": 1
                 *         }
                 *       ],
                 *       "payments": [
                 *         {
                 *           "amount": "9.90",
                 *           "method": "cash"
                 *         }
                 *       ],
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewSaleRequest"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    getSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsAnswer"];
                };
            };
        };
    };
    patchSettings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "receipt_footer": "Thank you!",
                 *       "shop_name": "Paws & Co.",
                 *       "tax_rates": [
                 *         {
                 *           "name": "Full",
                 *           "rate": "19.00"
                 *         },
                 *         {
                 *           "name": "Reduced",
                 *           "rate": "7.00"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SettingsPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsAnswer"];
                };
            };
        };
    };
    setUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "violet kettle under rain",
                 *       "setup_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
                 *       "store": {
                 *         "currency": "EUR",
                 *         "name": "Main street",
                 *         "time_zone": "Europe/Paris"
                 *       },
                 *       "username": "ada"
                 *     }
                 */
                "application/json": components["schemas"]["Setup"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_in": 600,
                     *       "refresh_token": "C3v0pFhJt1m0mXn4b8Q2c1l9Zr7s5k6wYtAeUiOoPaE",
                     *       "status": "success",
                     *       "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIs…",
                     *       "user": {
                     *         "grants": [
                     *           {
                     *             "role": "admin",
                     *             "store_id": null
                     *           }
                     *         ],
                     *         "id": 1,
                     *         "name": "Ada",
                     *         "role": "admin",
                     *         "store_ids": null,
                     *         "username": "ada",
                     *         "version": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInAnswer"];
                };
            };
        };
    };
    recordMovement: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "product_id": 1,
                 *       "quantity": 12.5,
                 *       "store_id": 1,
                 *       "type": "stock_in",
                 *       "unit_cost": "3.20"
                 *     }
                 */
                "application/json": components["schemas"]["TypedMovement"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    addStock: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "product_id": 1,
                 *       "quantity": 2,
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewMovement"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    listLevels: {
        parameters: {
            query?: {
                /**
                 * @description At this instant instead of now, inclusive. Asking again gives the same answer. An
                 *      instant within the last 2 s is waited for; the future is refused.
                 */
                as_of?: string | null;
                /** @description Only products whose stock in the store is below their reorder point; not with `as_of`. */
                below_reorder_point?: boolean;
                /** @description Only of products in these categories. */
                category?: string[];
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description Only lots on hand that expire before this day. */
                expiring_before?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only of these products. */
                product_id?: number[];
                /** @description Words in the product's name or SKU. */
                q?: string | null;
                /** @description Only of the products with these SKUs. */
                sku?: string[];
                /** @description Only in these stores. */
                store_id?: number[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Levels"];
                };
            };
        };
    };
    listMovements: {
        parameters: {
            query?: {
                /** @description Only by these users. */
                actor_id?: number[];
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Recorded at this instant or later. */
                from?: string | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only for these orders. */
                order_id?: number[];
                /** @description Only of these products. */
                product_id?: number[];
                /** @description Only with this document's number. */
                reference?: string | null;
                /** @description Only in these stores. */
                store_id?: number[];
                /** @description Recorded before this instant. */
                to?: string | null;
                /** @description Only of these types. */
                type?: components["schemas"]["MovementType"][];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Movements"];
                };
            };
        };
    };
    recordMovements: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "atomic": true,
                 *       "movements": [
                 *         {
                 *           "product_id": 1,
                 *           "quantity": 24,
                 *           "store_id": 1,
                 *           "type": "stock_in"
                 *         },
                 *         {
                 *           "product_id": 1,
                 *           "quantity": 1,
                 *           "store_id": 1,
                 *           "type": "sale"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ManyMovements"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyAnswer"];
                };
            };
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    getMovement: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
        };
    };
    reverseMovement: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "scanned twice"
                 *     }
                 */
                "application/json": components["schemas"]["Reverse"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    removeStock: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "Dropped while unpacking",
                 *       "product_id": 1,
                 *       "quantity": 2,
                 *       "reason": "damaged",
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["Removal"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    sellStock: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description `respond-async` answers 202 as soon as the request is written down, and names the operation by which it is done. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "product_id": 1,
                 *       "quantity": 2,
                 *       "store_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewMovement"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
            /** @description It was accepted and will be done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationAnswer"];
                };
            };
        };
    };
    listStores: {
        parameters: {
            query?: {
                /** @description With one of these codes, in any case. */
                code?: string[];
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Words that occur in the name or the code, in any case. */
                q?: string | null;
                /** @description The order; a `-` in front turns it round. */
                sort?: "code" | "-code" | "created_at" | "-created_at";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreList"];
                };
            };
        };
    };
    createStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "address": "12 North Street",
                 *       "code": "NORTH",
                 *       "name": "North Street",
                 *       "phone": "+44 20 7946 0000",
                 *       "time_zone": "Europe/London"
                 *     }
                 */
                "application/json": components["schemas"]["StoreInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreAnswer"];
                };
            };
        };
    };
    getStore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreAnswer"];
                };
            };
        };
    };
    replaceStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "address": "12 North Street",
                 *       "code": "NORTH",
                 *       "name": "North Street",
                 *       "phone": "+44 20 7946 0000",
                 *       "time_zone": "Europe/London"
                 *     }
                 */
                "application/json": components["schemas"]["StoreInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreAnswer"];
                };
            };
        };
    };
    deleteStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "North Street 14"
                 *     }
                 */
                "application/json": components["schemas"]["StorePatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreAnswer"];
                };
            };
        };
    };
    getInventory: {
        parameters: {
            query?: {
                /** @description At this instant instead of now, inclusive. */
                as_of?: string | null;
                /** @description Only products whose stock is below their reorder point; not with `as_of`. */
                below_reorder_point?: boolean;
                /** @description Only of products in these categories. */
                category?: string[];
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description Only lots on hand that expire before this day. */
                expiring_before?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only of these products. */
                product_id?: number[];
                /** @description Words in the product's name or SKU. */
                q?: string | null;
                /** @description Only of the products with these SKUs. */
                sku?: string[];
            };
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Levels"];
                };
            };
        };
    };
    setQuantity: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The store. */
                id: number;
                /** @description The product. */
                product_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quantity": 10,
                 *       "reason": "count"
                 *     }
                 */
                "application/json": components["schemas"]["SetQuantity"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MovementAnswer"];
                };
            };
        };
    };
    setReorderPoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The store. */
                id: number;
                /** @description The product. */
                product_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reorder_point": 6
                 *     }
                 */
                "application/json": components["schemas"]["SetReorderPoint"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReorderPointAnswer"];
                };
            };
        };
    };
    restoreStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreAnswer"];
                };
            };
        };
    };
    listSuppliers: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Who deliver this product. */
                product_id?: number | null;
                /** @description Words that occur in the name, in any case. */
                q?: string | null;
                /** @description The order; a `-` in front turns it round. */
                sort?: "name" | "-name";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierList"];
                };
            };
        };
    };
    createSupplier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "contact_info": "orders@example.com, +44 20 7946 0999",
                 *       "lead_time_days": 3,
                 *       "name": "Northern Pet Wholesale",
                 *       "product_ids": [
                 *         1
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SupplierInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierAnswer"];
                };
            };
        };
    };
    getSupplier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierAnswer"];
                };
            };
        };
    };
    replaceSupplier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "contact_info": "orders@example.com, +44 20 7946 0999",
                 *       "lead_time_days": 3,
                 *       "name": "Northern Pet Wholesale",
                 *       "product_ids": [
                 *         1
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SupplierInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierAnswer"];
                };
            };
        };
    };
    deleteSupplier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchSupplier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lead_time_days": 5
                 *     }
                 */
                "application/json": components["schemas"]["SupplierPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierAnswer"];
                };
            };
        };
    };
    restoreSupplier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupplierAnswer"];
                };
            };
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Those who have left, too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description Only those who may not sign in, or only those who may. */
                is_disabled?: boolean | null;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Words that occur in the name or the username, in any case. */
                q?: string | null;
                /** @description Who hold this role somewhere. */
                role?: components["schemas"]["Role"] | null;
                /** @description Who hold a role in this store. */
                store_id?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountList"];
                };
            };
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Bob Green",
                 *       "password": "seven quiet otters swim",
                 *       "role": "staff",
                 *       "store_ids": [
                 *         1
                 *       ],
                 *       "username": "bob"
                 *     }
                 */
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnswer"];
                };
            };
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnswer"];
                };
            };
        };
    };
    replaceUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Bob Green",
                 *       "password": "seven quiet otters swim",
                 *       "role": "staff",
                 *       "store_ids": [
                 *         1
                 *       ],
                 *       "username": "bob"
                 *     }
                 */
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnswer"];
                };
            };
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "is_disabled": true
                 *     }
                 */
                "application/json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnswer"];
                };
            };
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    listViews: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only of this list. */
                list?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewList"];
                };
            };
        };
    };
    createView: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "definition": {
                 *         "category": [
                 *           "Dogs"
                 *         ],
                 *         "sort": "-price"
                 *       },
                 *       "is_shared": false,
                 *       "list": "products",
                 *       "name": "Dog food by price"
                 *     }
                 */
                "application/json": components["schemas"]["ViewInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewAnswer"];
                };
            };
        };
    };
    getView: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewAnswer"];
                };
            };
        };
    };
    replaceView: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "definition": {
                 *         "category": [
                 *           "Dogs"
                 *         ],
                 *         "sort": "-price"
                 *       },
                 *       "is_shared": false,
                 *       "list": "products",
                 *       "name": "Dog food by price"
                 *     }
                 */
                "application/json": components["schemas"]["ViewInput"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewAnswer"];
                };
            };
        };
    };
    deleteView: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchView: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Dog food"
                 *     }
                 */
                "application/json": components["schemas"]["SavedViewPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewAnswer"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Deleted ones too. */
                include_deleted?: boolean;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "event_types": [
                 *         "order.*",
                 *         "stock.moved"
                 *       ],
                 *       "name": "Web shop",
                 *       "store_ids": [
                 *         1
                 *       ],
                 *       "url": "https://hooks.example.com/stockroom"
                 *     }
                 */
                "application/json": components["schemas"]["WebhookInput"];
            };
        };
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhookAnswer"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookAnswer"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    changeWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
                /** @description Write only if the thing is still in this version: the ETag you were given. */
                "If-Match"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "is_active": false
                 *     }
                 */
                "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookAnswer"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Where to go on: the `next_cursor` of the page before. */
                cursor?: string | null;
                /** @description `csv` answers the whole list as one file, as `Accept: text/csv` does. */
                format?: ("json" | "csv") | null;
                /** @description Count them as well, up to 10,000. */
                include_total?: boolean;
                /** @description At most so many on the page. */
                limit?: number;
                /** @description Only where they stand so. */
                state?: components["schemas"]["WebhookDeliveryState"][];
            };
            header?: never;
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
        };
    };
    getWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery. */
                delivery_id: number;
                /** @description The webhook. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The delivery. */
                delivery_id: number;
                /** @description The webhook. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSecretAnswer"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gives the first answer again and has no second effect. Without one the server makes one and returns it. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
        };
    };
    openWebSocket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: never;
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "success"
                     *     }
                     */
                    "application/json": components["schemas"]["Alive"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All metrics in the OpenMetrics text format. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text; version=1.0.0; charset=utf-8": unknown;
                };
            };
        };
    };
}
