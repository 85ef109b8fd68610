"""What is asked of Shopify's Admin API. `make test-shop` validates every text against Shopify's published schema."""
from __future__ import annotations

_FACTS = """
fragment Facts on Order {
  id name email phone processedAt cancelledAt displayFulfillmentStatus displayFinancialStatus
  currencyCode totalPriceSet { shopMoney { amount currencyCode } }
  netPaymentSet { shopMoney { amount } } customer { displayName } shippingLine { title }
  shippingAddress { phone name address1 address2 city zip provinceCode countryCodeV2 }
  lineItems(first: 30) { nodes { id sku name quantity discountedUnitPriceSet { shopMoney { amount } } } }
  fulfillments(first: 10) {
    id status displayStatus createdAt inTransitAt deliveredAt estimatedDeliveryAt
    trackingInfo(first: 1) { company number url }
    fulfillmentLineItems(first: 30) { nodes { quantity lineItem { id } } }
    events(first: 1, sortKey: HAPPENED_AT, reverse: true) { nodes { status happenedAt city province } }
  }
  refunds(first: 5) { createdAt totalRefundedSet { shopMoney { amount } } }
  returns(first: 5) {
    nodes { id name status createdAt returnLineItems(first: 30) { nodes {
      ... on ReturnLineItem { quantity fulfillmentLineItem { lineItem { id } } } } } }
  }
}
"""
FIND = """query Find($q: String!, $n: Int!, $after: String) {
  orders(first: $n, after: $after, query: $q, sortKey: PROCESSED_AT, reverse: true) {
    nodes { ...Facts } pageInfo { hasNextPage endCursor } } }
""" + _FACTS
NEWEST = """query Newest { orders(first: 1, sortKey: PROCESSED_AT, reverse: true) { nodes { ...Facts } } }
""" + _FACTS
HEALTH = """query Health {
  shop { name currencyCode } currentAppInstallation { accessScopes { handle } } }"""
CANCEL = """mutation Cancel($id: ID!) {
  orderCancel(orderId: $id, reason: CUSTOMER, refundMethod: { originalPaymentMethodsRefund: true }, restock: true,
              notifyCustomer: false, staffNote: "Cancelled by the customer, through the assistant") {
    job { id done } orderCancelUserErrors { code } } }"""
JOB = """query JobDone($id: ID!) { job(id: $id) { id done } }"""
ADDRESS = """mutation Address($input: OrderInput!) {
  orderUpdate(input: $input) { order { id } userErrors { field } } }"""
RETURNABLE = """query Returnable($id: ID!) {
  returnableFulfillments(orderId: $id, first: 10) { nodes {
    returnableFulfillmentLineItems(first: 30) { nodes {
      quantity fulfillmentLineItem { id lineItem { id } } } } } } }"""
ASK_RETURN = """mutation AskReturn($input: ReturnRequestInput!) {
  returnRequest(input: $input) { return { id } userErrors { code } } }"""
MAKE_RETURN = """mutation MakeReturn($input: ReturnInput!) {
  returnCreate(returnInput: $input) { return { id } userErrors { code } } }"""

MONEY = """query Money($id: ID!) { order(id: $id) {
  currencyCode presentmentCurrencyCode note refunds(first: 100) { id note }
  transactions(first: 100) {
    id kind status gateway amountSet { shopMoney { amount } } parentTransaction { id } } } }"""
REFUND = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { field } } }"""
GIFT_CARD = """mutation GiftCard($input: GiftCardCreateInput!) {
  giftCardCreate(input: $input) { giftCard { id } userErrors { code } } }"""

ALL = {"FIND": FIND, "NEWEST": NEWEST, "HEALTH": HEALTH, "CANCEL": CANCEL, "JOB": JOB, "ADDRESS": ADDRESS,
       "RETURNABLE": RETURNABLE, "ASK_RETURN": ASK_RETURN, "MAKE_RETURN": MAKE_RETURN,
       "MONEY": MONEY, "REFUND": REFUND, "GIFT_CARD": GIFT_CARD}
