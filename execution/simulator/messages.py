"""Every message of the TWS protocol that the simulator knows, field by field, for versions 157 to 178.

Names are those of IBKR's own client: requests as its EClient calls them, messages as its EWrapper does.
"""

from __future__ import annotations

from execution.simulator.wire import layout

OLDEST_VERSION = 157
NEWEST_VERSION = 178

UNSET_DOUBLE = "1.7976931348623157E308"

ASKED_CONTRACT = (
    "conId symbol secType!STK expiry strike right multiplier exchange primaryExchange currency localSymbol tradingClass"
)
CONTRACT = "conId symbol secType=STK expiry strike=0 right multiplier exchange currency=USD localSymbol tradingClass"
ORDER_CONTRACT = CONTRACT.replace("right", "right=?")

REQUESTS = {
    "startApi": layout(71, "version clientId optionalCapabilities"),
    "reqCurrentTime": layout(49, "version"),
    "reqManagedAccts": layout(17, "version"),
    "reqIds": layout(8, "version count"),
    "setServerLogLevel": layout(14, "version level"),
    "reqAutoOpenOrders": layout(15, "version isBound"),
    "reqAccountUpdates": layout(6, "version subscribe account"),
    "reqAccountSummary": layout(62, "version reqId group tags"),
    "cancelAccountSummary": layout(63, "version reqId"),
    "reqAccountUpdatesMulti": layout(76, "version reqId account modelCode ledgerAndNLV"),
    "cancelAccountUpdatesMulti": layout(77, "version reqId"),
    "reqPositions": layout(61, "version"),
    "cancelPositions": layout(64, "version"),
    "reqContractDetails": layout(9, f"version reqId {ASKED_CONTRACT} includeExpired secIdType secId issuerId>=176"),
    "reqHistoricalData": layout(
        20,
        f"reqId {ASKED_CONTRACT} includeExpired endDateTime barSize duration useRTH whatToShow formatDate keepUpToDate"
        " options",
    ),
    "cancelHistoricalData": layout(25, "version reqId"),
    "reqMarketDataType": layout(59, "version type"),
    "reqMktData": layout(
        1, f"version reqId {ASKED_CONTRACT} deltaNeutral! genericTicks snapshot regulatorySnapshot options"
    ),
    "cancelMktData": layout(2, "version reqId"),
    "placeOrder": layout(
        3,
        f"orderId {ASKED_CONTRACT} secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup"
        " account openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod"
        " outsideRth hidden sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod"
        " faPercentage faProfile<177 modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A"
        " settlingFirm allOrNone minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy"
        " startingPrice stockRefPrice delta stockRangeLower stockRangeUpper overridePercentage volatility"
        " volatilityType deltaNeutralOrderType! deltaNeutralAuxPrice continuousUpdate referencePriceType"
        " trailStopPrice trailingPercent scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement! scaleTable"
        " activeStartTime activeStopTime hedgeType! optOutSmart clearingAccount clearingIntent notHeld"
        " deltaNeutralContract! algoStrategy! algoId whatIf miscOptions solicited randomizeSize randomizePrice"
        " conditions! adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice"
        " adjustedTrailingAmount adjustableTrailingUnit extOperator softTierName softTierValue cashQty ...",
    ),
    "cancelOrder": layout(4, "version orderId manualCancelTime>=169"),
    "reqGlobalCancel": layout(58, "version"),
    "reqOpenOrders": layout(5, "version"),
    "reqAllOpenOrders": layout(16, "version"),
    "reqCompletedOrders": layout(99, "apiOnly"),
    "reqExecutions": layout(7, "version reqId clientId account time symbol secType exchange side"),
}
"""Requests of a client."""

TAIL_SINCE_170 = "minTradeQty>=170 minCompeteSize>=170 competeOffset>=170 midOffsetAtWhole>=170 midOffsetAtHalf>=170"

MESSAGES = {
    "managedAccounts": layout(15, "version=1 accounts"),
    "nextValidId": layout(9, "version=1 orderId"),
    "error": layout(4, "version=2 id=-1 code text advancedRejectJson>=166"),
    "currentTime": layout(49, "version=1 time"),
    "updateAccountValue": layout(6, "version=2 key value currency account"),
    "updateAccountTime": layout(8, "version=1 time"),
    "accountDownloadEnd": layout(54, "version=1 account"),
    "updatePortfolio": layout(
        7,
        "version=8 conId symbol secType=STK expiry strike=0 right=0 multiplier primaryExchange currency=USD"
        " localSymbol tradingClass position marketPrice marketValue averageCost unrealizedPNL realizedPNL account",
    ),
    "accountSummary": layout(63, "version=1 reqId account tag value currency"),
    "accountSummaryEnd": layout(64, "version=1 reqId"),
    "accountUpdateMulti": layout(73, "version=1 reqId account modelCode key value currency"),
    "accountUpdateMultiEnd": layout(74, "version=1 reqId"),
    "position": layout(61, f"version=3 account {CONTRACT} position averageCost"),
    "positionEnd": layout(62, "version=1"),
    "contractDetails": layout(
        10,
        "version=8<164 reqId symbol secType=STK expiry strike=0 right exchange currency=USD localSymbol marketName"
        " tradingClass conId minTick=0.01 sizeMultiplier=1<164 multiplier orderTypes validExchanges priceMagnifier=1"
        " underConId=0 longName primaryExchange contractMonth industry category subcategory timeZoneId=US/Eastern"
        " tradingHours liquidHours evRule evMultiplier=0 secIds=0 aggGroup=1 underSymbol underSecType"
        " marketRuleIds=26 realExpiration stockType=ETF minSize=0.0001>=164 sizeIncrement=0.0001>=164"
        " suggestedSizeIncrement=100>=163",
    ),
    "contractDetailsEnd": layout(52, "version=1 reqId"),
    "historicalData": layout(17, "reqId start end", row="date open high low close volume wap count"),
    "marketDataType": layout(58, "version=1 reqId type"),
    "tickReqParams": layout(81, "reqId minTick=0.01 bboExchange snapshotPermissions=3"),
    "tickPrice": layout(1, "version=6 reqId type price size attributes=0"),
    "tickSize": layout(2, "version=6 reqId type size"),
    "tickString": layout(46, "version=6 reqId type value"),
    "tickGeneric": layout(45, "version=6 reqId type value"),
    "tickSnapshotEnd": layout(57, "version=1 reqId"),
    "orderStatus": layout(
        3,
        "orderId status filled remaining averagePrice permId parentId=0 lastFillPrice clientId whyHeld capPrice=0",
    ),
    "openOrder": layout(
        5,
        f"orderId {ORDER_CONTRACT} action totalQuantity orderType lmtPrice auxPrice=0 tif ocaGroup account openClose"
        " origin=0 orderRef clientId permId outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime sharesAllocation"
        " faGroup faMethod faPercentage faProfile<177 modelCode goodTillDate rule80A percentOffset settlingFirm"
        " shortSaleSlot=0 designatedLocation exemptCode=-1 auctionStrategy=0 startingPrice stockRefPrice delta"
        " stockRangeLower stockRangeUpper displaySize=0 blockOrder=0 sweepToFill=0 allOrNone=0 minQty ocaType=3"
        " eTradeOnly=0 firmQuoteOnly=0 nbboPriceCap parentId=0 triggerMethod=0 volatility volatilityType=0"
        " deltaNeutralOrderType! deltaNeutralAuxPrice=0 continuousUpdate=0 referencePriceType=0 trailStopPrice"
        " trailingPercent basisPoints basisPointsType comboDescription legs=0 legPrices=0 routingParameters=0"
        " scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement! hedgeType! optOutSmart=0 clearingAccount"
        " clearingIntent=IB notHeld=0 deltaNeutralContract=0 algoStrategy! solicited=0 whatIf=0 status"
        f" initMarginBefore={UNSET_DOUBLE} maintMarginBefore={UNSET_DOUBLE} equityBefore={UNSET_DOUBLE}"
        f" initMarginChange={UNSET_DOUBLE} maintMarginChange={UNSET_DOUBLE} equityChange={UNSET_DOUBLE}"
        f" initMarginAfter={UNSET_DOUBLE} maintMarginAfter={UNSET_DOUBLE} equityAfter={UNSET_DOUBLE} commission"
        " minCommission maxCommission commissionCurrency warningText randomizeSize=0 randomizePrice=0 conditions=0"
        " adjustedOrderType=None triggerPrice adjustedTrailStopPrice lmtPriceOffset adjustedStopPrice"
        " adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit=0 softTierName softTierValue"
        " softTierDisplayName cashQty=0 dontUseAutoPriceForHedge=0 isOmsContainer=0 discretionaryUpToLimit=0"
        f" usePriceMgmtAlgo=0 duration>=159 postToAts>=160 autoCancelParent=0>=162 {TAIL_SINCE_170}",
    ),
    "openOrderEnd": layout(53, "version=1"),
    "execDetails": layout(
        11,
        f"reqId=-1 orderId {CONTRACT} execId time account venue=ARCA side shares price permId clientId liquidation=0"
        " cumQty averagePrice orderRef evRule evMultiplier=0 modelCode lastLiquidity=2 pendingPriceRevision=0>=178",
    ),
    "execDetailsEnd": layout(55, "version=1 reqId"),
    "commissionReport": layout(
        59, f"version=1 execId commission currency=USD realizedPNL={UNSET_DOUBLE} yield={UNSET_DOUBLE} redemptionDate"
    ),
    "completedOrder": layout(
        101,
        f"{ORDER_CONTRACT} action totalQuantity orderType lmtPrice auxPrice=0 tif ocaGroup account openClose origin=0"
        " orderRef permId outsideRth=0 hidden=0 discretionaryAmt=0 goodAfterTime faGroup faMethod faPercentage"
        " faProfile<177 modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot=0 designatedLocation"
        " exemptCode=-1 startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize=0 sweepToFill=0"
        " allOrNone=0 minQty ocaType=3 triggerMethod=0 volatility volatilityType=0 deltaNeutralOrderType!"
        " deltaNeutralAuxPrice=0 continuousUpdate=0 referencePriceType=0 trailStopPrice trailingPercent"
        " comboDescription legs=0 legPrices=0 routingParameters=0 scaleInitLevelSize scaleSubsLevelSize"
        " scalePriceIncrement! hedgeType! clearingAccount clearingIntent=IB notHeld=0 deltaNeutralContract=0"
        " algoStrategy! solicited=0 status randomizeSize=0 randomizePrice=0 conditions=0 adjustedTrailStopPrice"
        " lmtPriceOffset cashQty=0 dontUseAutoPriceForHedge=0 isOmsContainer=0 autoCancelDate filledQuantity"
        " refFuturesConId=0 autoCancelParent=0 shareholder imbalanceOnly=0 routeMarketable=0 parentPermId=0"
        f" completedTime completedStatus {TAIL_SINCE_170}",
    ),
    "completedOrdersEnd": layout(102, ""),
}
"""Messages of the gateway."""

REQUEST_NAMES = {message.number: name for name, message in REQUESTS.items()}
MESSAGE_NAMES = {message.number: name for name, message in MESSAGES.items()}
