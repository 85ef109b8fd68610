// A Shopify that is executed from Shopify's own published schema: what the schema does not have, it cannot answer.
// Its search finds what begins with the words; cancelling is a job; an address is taken after shipping.
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { gunzipSync } from "node:zlib"
import { buildClientSchema, execute, parse, validate } from "graphql"

const [schemaFile, port, token] = process.argv.slice(2)
const introspection = JSON.parse(gunzipSync(readFileSync(schemaFile)))
const schema = buildClientSchema(introspection.data ?? introspection)
const state = { orders: [], jobs: {}, throttle: 0, lose: 0, serial: 0, keys: {}, cards: {} }
const now = () => new Date(Date.UTC(2026, 10, 30, 12, 0, 0) + 1000 * ++state.serial).toISOString()
const gid = (kind, id) => `gid://shopify/${kind}/${id}`
const money = (amount) => ({ shopMoney: { amount: String(amount), currencyCode: "USD" } })

function place(given, index) {
  const lineItems = given.items.map(([sku, name, quantity, price], line) => ({
    id: gid("LineItem", `${index}${line}`), sku, name, quantity, discountedUnitPriceSet: money(price) }))
  const sent = ["shipped", "delivered"].includes(given.status)
  const order = {
    id: gid("Order", index), name: given.number, email: given.email, phone: null, processedAt: now(), cancelledAt: null,
    displayFulfillmentStatus: sent ? "FULFILLED" : "UNFULFILLED", displayFinancialStatus: "PAID", currencyCode: "USD",
    totalPriceSet: money(given.total), presentmentCurrencyCode: "USD", note: null, paid: Number(given.total),
    netPaymentSet() { return money((this.paid - back(this)).toFixed(2)) },
    transactions: [{ id: gid("OrderTransaction", index), kind: "SALE", status: "SUCCESS", gateway: "bogus",
      amountSet: money(given.total), parentTransaction: null }],
    customer: { displayName: given.home.name },
    shippingAddress: { phone: given.phone, name: given.home.name, address1: given.home.street, address2: null, city: given.home.city,
      zip: given.home.postcode, provinceCode: given.home.region, countryCodeV2: given.home.country },
    lineItems: { nodes: lineItems }, refunds: [], returns: { nodes: [] },
    fulfillments: sent ? [{
      id: gid("Fulfillment", index), status: "SUCCESS", createdAt: now(), inTransitAt: null, estimatedDeliveryAt: null,
      displayStatus: given.status === "delivered" ? "DELIVERED" : "FULFILLED",
      deliveredAt: given.status === "delivered" ? given.deliveredAt : null,
      trackingInfo: [{ company: "UPS", number: given.tracking, url: null }], events: { nodes: [] },
      fulfillmentLineItems: { nodes: lineItems.map((lineItem, line) => ({
        id: gid("FulfillmentLineItem", `${index}${line}`), quantity: lineItem.quantity, lineItem })) } }] : [],
  }
  if (given.status === "cancelled") cancel(order)
  return order
}

const amountOf = (one) => Number(one.amountSet.shopMoney.amount)
const back = (order) => order.refunds.reduce((sum, one) => sum + Number(one.totalRefundedSet.shopMoney.amount), 0)

function refund(order, { note, transactions }, key) {
  if (state.keys[key]) return state.keys[key] // @idempotent
  const parts = transactions.map((one) => ({ id: gid("OrderTransaction", `r${++state.serial}`), kind: one.kind,
    status: "SUCCESS", gateway: one.gateway, amountSet: money(one.amount),
    parentTransaction: order.transactions.find((paid) => paid.id === one.parentId) }))
  const sum = parts.reduce((total, one) => total + amountOf(one), 0)
  if (back(order) + sum > order.paid + 0.001) return { refund: null, userErrors: refused("INVALID", ["transactions"]) }
  const made = { id: gid("Refund", `${order.name}-${order.refunds.length}`), note, createdAt: now(),
    totalRefundedSet: money(sum.toFixed(2)) }
  order.transactions.push(...parts)
  order.refunds.push(made)
  return state.keys[key] = { refund: made, userErrors: [] }
}

function cancel(order) {
  order.cancelledAt = now()
  order.refunds.push({ id: gid("Refund", order.name), note: null, createdAt: now(),
    totalRefundedSet: money((order.paid - back(order)).toFixed(2)) })
}

const refused = (code, field = null) => [{ code, field, message: code }]
const found = (id) => state.orders.find((order) => order.id === id)

function search({ first, after, query }) {
  const [, field, words] = query?.match(/^(name|email):"((?:[^"\\]|\\.)*)"$/) ?? []
  const asked = words?.replace(/\\(.)/g, "$1").toLowerCase()
  const hits = state.orders.filter((order) => !query || (asked && field && (
    order[field].toLowerCase().startsWith(asked) || order[field].toLowerCase().includes(asked)))).reverse()
  const start = after ? Number(after) : 0
  return { nodes: hits.slice(start, start + first),
    pageInfo: { hasNextPage: hits.length > start + first, endCursor: String(start + first) } }
}

function startReturn({ orderId, returnLineItems }, status) {
  const order = found(orderId)
  const parts = order.fulfillments.flatMap((one) => one.fulfillmentLineItems.nodes)
  if (order.returns.nodes.length) return { return: null, userErrors: refused("INVALID", ["returnLineItems"]) }
  const made = { id: gid("Return", order.name), name: `${order.name}-R1`, status, createdAt: now(),
    returnLineItems: { nodes: returnLineItems.map((line) => ({ __typename: "ReturnLineItem", quantity: line.quantity,
      fulfillmentLineItem: parts.find((part) => part.id === line.fulfillmentLineItemId) })) } }
  order.returns.nodes.push(made)
  return { return: made, userErrors: [] }
}

const root = {
  orders: search,
  shop: { name: "Test shop", currencyCode: "USD" },
  currentAppInstallation: { accessScopes: ["read_orders", "write_orders", "write_returns"].map((handle) => ({ handle })) },
  job: ({ id }) => state.jobs[id] && { id, done: state.jobs[id].done },
  orderCancel: ({ orderId }) => {
    const order = found(orderId)
    if (!order) return { job: null, orderCancelUserErrors: refused("NOT_FOUND") }
    const under = Object.values(state.jobs).some((job) => job.order === order)
    if (order.cancelledAt || under || order.fulfillments.length)
      return { job: null, orderCancelUserErrors: refused("INVALID") }
    const id = gid("Job", orderId)
    state.jobs[id] = { order, looks: 2, done: false }
    return { job: { id, done: false }, orderCancelUserErrors: [] }
  },
  orderUpdate: ({ input }) => {
    const order = found(input.id), given = input.shippingAddress
    if (input.note !== undefined) order.note = input.note
    if (!given) return { order, userErrors: [] }
    Object.assign(order.shippingAddress, { name: `${given.firstName} ${given.lastName}`, address1: given.address1,
      address2: given.address2, city: given.city, zip: given.zip, provinceCode: given.provinceCode,
      countryCodeV2: given.countryCode })
    return { order, userErrors: [] }
  },
  order: ({ id }) => found(id),
  refundCreate: ({ input }, _context, info) => refund(found(input.orderId), input, info.operation.selectionSet
    .selections[0].directives.length ? info.variableValues.key : `none ${++state.serial}`),
  giftCardCreate: ({ input }) => {
    if (state.cards[input.code]) return { giftCard: null, userErrors: [{ code: "TAKEN", message: "TAKEN" }] }
    state.cards[input.code] = input
    return { giftCard: { id: gid("GiftCard", ++state.serial) }, userErrors: [] }
  },
  returnableFulfillments: ({ orderId }) => ({ nodes: found(orderId).fulfillments.map((fulfillment) => ({
    id: fulfillment.id, returnableFulfillmentLineItems: { nodes: fulfillment.fulfillmentLineItems.nodes.map((part) => ({
      quantity: part.quantity, fulfillmentLineItem: part })) } })) }),
  returnRequest: ({ input }) => startReturn(input, "REQUESTED"),
  returnCreate: ({ returnInput }) => startReturn(returnInput, "OPEN"),
}

async function answer(body) {
  const document = parse(body.query)
  const errors = validate(schema, document)
  if (errors.length) return { errors: errors.map((error) => ({ message: error.message })) }
  const cost = { requestedQueryCost: 100, actualQueryCost: 50,
    throttleStatus: { maximumAvailable: 2000, currentlyAvailable: 90, restoreRate: 100 } }
  if (state.throttle-- > 0)
    return { errors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }],
      extensions: { cost: { ...cost, actualQueryCost: null } } }
  for (const job of Object.values(state.jobs)) // they go on, asked or not
    if (!job.done && --job.looks < 0) { cancel(job.order); job.done = true }
  const result = await execute({ schema, document, rootValue: root, variableValues: body.variables })
  return { ...result, extensions: { cost } }
}

createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const send = (status, data) => { response.writeHead(status, { "Content-Type": "application/json" }); response.end(data) }
  if (request.url === "/control") {
    const given = JSON.parse(text)
    if (given.orders) Object.assign(state, { orders: given.orders.map(place), jobs: {}, throttle: 0, lose: 0, keys: {}, cards: {} })
    Object.assign(state, given.set ?? {})
    return send(200, JSON.stringify(given.validate?.map((query) => validate(schema, parse(query)).map(String)) ?? []))
  }
  if (request.headers["x-shopify-access-token"] !== token) return send(401, '{"errors":"[API] Invalid API key"}')
  const body = JSON.parse(text)
  const data = JSON.stringify(await answer(body))
  if (/^\s*mutation/.test(body.query) && state.lose > 0) { state.lose--; return send(502, "<html>") }
  send(200, data)
}).listen(Number(port), "127.0.0.1", () => console.log("ready"))
