-- the one register of gates: a finding above what is allowed becomes a verdict
select
    register.code,
    register.allowed::double as allowed,
    register.is_certain,
    register.unit,
    register.meaning,
    register.remedy
from (
    values
    (
        'SYMBOLS_SWAPPED', 0, true, 'bars',
        'Two symbols trade places: each opens where the other one closed.',
        'Import both symbols again, each from its own file.'
    ),
    (
        'SPLIT_UNADJUSTED', 0.2, true, 'log price',
        'The close moves overnight by the ratio of a split, then trades calmly: the prices before it are not adjusted.',
        'Import the whole history of the symbol again; a source needs a day or two after a split.'
    ),
    (
        'PRICE_MISPLACED', 15, true, 'volatilities',
        'The price jumps overnight by more than 28% and 15 volatilities, the others do not, and then it trades calmly.',
        'Compare with another source and land the bar again; a real move is acknowledged.'
    ),
    (
        'PRICE_SPIKE', 2, false, 'volatilities',
        'The price leaves its neighbours on both sides and comes back the next session, and the others do not.',
        'Compare with another source; a corrected bar is landed again.'
    ),
    (
        'MOVE_UNEXPLAINED', 8, false, 'volatilities',
        'The price moves by more than 8 of its volatilities, against its own past and against the others that day.',
        'Read the news or compare with another source.'
    ),
    (
        'PRICE_APART', 12, false, 'usual distances',
        'In the newest session the price leaves the three symbols that usually move with it, 12 times as far as usual.',
        'Compare with another source before the next order: no later bar tells yet.'
    ),
    (
        'WICK_OUTSIDE', 10, false, 'volatilities',
        'High or low lies far outside the closes around it, three times as far as four in five of the others.',
        'Compare high and low with another source: both enter the average true range.'
    ),
    (
        'BAR_REPEATED', 0, false, 'bars',
        'All prices are those of the session before, and so is the volume, or it is 0.',
        'Import the session again: a source that is late repeats its last bar.'
    ),
    (
        'VOLUME_ZERO', 0, false, 'bars',
        'Nothing was traded: the prices are quotes, or repeated.',
        'Compare with another source; leave out a symbol that often stands still.'
    ),
    (
        'SESSIONS_MISSING', 0, false, 'sessions',
        'The exchange traded since the bar before, and the symbol has no bar of it.',
        'Import the whole history of the symbol again.'
    ),
    (
        'SERIES_BEHIND', 0, false, 'sessions',
        'The bars of a symbol end before those of the others.',
        'Fetch it again. A file that was cut off, a delisting and a renaming look alike.'
    ),
    (
        'SYMBOL_WITHOUT_BARS', 0, false, 'symbols',
        'A symbol of the universe has no bar at all, and is never held.',
        'Correct its name in portfolio.yaml, or fetch its bars.'
    ),
    (
        'DIVIDEND_MISSING', 0.7, false, 'fraction of peers',
        'The symbol has not paid in its rhythm: those that pay on its days have, or its close fell by what it pays.',
        'Import the whole history again, from a source with dividends: the adjusted close lacks it too.'
    ),
    (
        'ADJUSTMENT_MISMATCH', 0, false, 'log price',
        'The adjusted close does not show the dividend that is stated, or shows one that is not.',
        'Import the whole history of the symbol again.'
    ),
    (
        'SOURCES_DISAGREE', 0, false, 'fields',
        'Two sources state another close, return or dividend, and no third one decides.',
        'Compare both with a third (source_differences), and land the right bar again.'
    )
) as register (code, allowed, is_certain, unit, meaning, remedy)
