-- How text from an export becomes a value: a fast form first, then the forms that spreadsheets and Chinese systems write.
-- A macro answers null for text it cannot read without guessing; the caller makes that a breach.
-- No subquery, IN or list_contains: DuckDB makes joins of them, and a join loses the order of the file's rows, and so their lines.
-- A list of one with a lambda over it names a value that is needed several times: a macro would write it out each time, and planning would
-- take longer than reading a small file.

create or replace macro half_width(x) as
    translate(x, '０１２３４５６７８９．，－−＋（）：／￥＄％’　' || chr(160) || chr(8201) || chr(8239), '0123456789.,--+():/¥$%''    ');

-- ="00123" is how a spreadsheet keeps leading zeros in a csv; a leading apostrophe, backtick or tab does the same.
create or replace macro clean_text(x) as
    nullif(trim(
        case
            when starts_with(x, '="') then regexp_replace(x, '^="(.*)"$', '\1')
            when starts_with(x, '''') or starts_with(x, '`') then substr(x, 2)
            else x
        end, chr(32) || chr(9) || chr(10) || chr(13) || chr(160) || chr(12288) || chr(65279)
    ), '');

create or replace macro needs_cleaning(x) as
    x != trim(x) or starts_with(x, '=') or starts_with(x, '''') or starts_with(x, '`')
    or list_position([9, 160, 12288, 65279], ord(x)) is not null or contains(x, chr(160)) or contains(x, chr(12288)) or contains(x, chr(9)) or x = '';

-- What a spreadsheet shows for a formula that failed is no text.
create or replace macro is_failed_formula(x) as
    starts_with(x, '#') and list_position([
        '#N/A', '#REF!', '#VALUE!', '#DIV/0!', '#NAME?', '#NULL!', '#NUM!', '#SPILL!', '#CALC!', '#GETTING_DATA'
    ], upper(trim(x))) is not null;

-- The common form first, and nothing for nothing: what follows is only evaluated for the rows that need it.
create or replace macro read_text(x) as
    case
        when x is null or regexp_full_match(x, '[0-9A-Za-z][0-9A-Za-z_.-]*') then x
        when is_failed_formula(x) then null
        when needs_cleaning(x) then clean_text(x)
        else x
    end;

-- A key that says its row sums others up; the words of TOTALS in intake.py.
create or replace macro is_totals(x) as
    list_position([
        '合计', '总计', '小计', '汇总', '总数', 'total', 'totals', 'grand total', 'subtotal', 'sub-total', 'sum', 'summe', 'gesamtsumme', 'endsumme',
        'zwischensumme', 'gesamt', 'totale', 'total général', 'suma'
    ], lower(x)) is not null
    or ((starts_with(x, '合计') or starts_with(x, '总计') or starts_with(x, '小计')) and regexp_full_match(x, '..\s*[:：(（].*'));

-- An identifier that a spreadsheet turned into 1.10101E+17 has lost digits: unreadable, not repaired.
create or replace macro read_id(x) as
    case
        when x is null or regexp_full_match(x, '[0-9A-Za-z][0-9A-Za-z_.-]*') then x
        when contains(x, 'E+') or contains(x, 'e+')
            then list_transform([clean_text(x)], lambda c: case when not regexp_full_match(c, '\d(\.\d+)?[eE]\+\d+') then c end)[1]
        else read_text(x)
    end;

create or replace macro amount_digits(x) as regexp_replace(regexp_extract(x, '(\d[\d,'']*\.?\d*|\.\d+)', 1), '[,'']', '', 'g');

-- The currency that an amount names for itself; $, ¥, £ and kr are said of several.
create or replace macro named_currency(x) as
    case
        when regexp_matches(x, '(?i)RMB|人民币') then 'CNY'
        when regexp_matches(x, '[A-Za-z]{3}') then upper(regexp_extract(x, '[A-Za-z]{3}'))
        when contains(x, 'US$') then 'USD'
        when contains(x, 'HK$') then 'HKD'
        when contains(x, 'NT$') then 'TWD'
        when contains(x, '€') then 'EUR'
        when contains(x, '₹') then 'INR'
    end;

-- currency: the export's, '' for any. An amount in another one is none of its amounts. Groups of two digits are read where they are written.
create or replace macro worded_amount(x, currency) as (
    case
        when regexp_full_match(x, '(?i)\(?[+-]?(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|人民币|kr\.?)?[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:''\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d+)(?:\.\d{0,2}0*)?|\.\d{1,2}0*)(?:\p{Sc}|[A-Z]{3}|元|kr\.?|zł|Kč)?-?\)?')
            and starts_with(x, '(') = ends_with(x, ')') and not regexp_matches(x, '[(+-].*[+-]')
            and (not regexp_matches(x, '\d,\d\d,') or list_position(['INR', 'PKR', 'BDT', 'NPR', 'LKR'], currency) is not null)
            and (currency = '' or coalesce(named_currency(x), currency) = currency)
            then case when starts_with(x, '(') or contains(x, '-') then -1 else 1 end
            * try_cast(amount_digits(x) as decimal(18, 2))
    end
);

create or replace macro read_amount(x, currency) as
    case
        when regexp_full_match(x, '-?\d{1,15}(\.\d{1,2})?') then try_cast(x as decimal(18, 2))
        when x is not null then list_transform([replace(half_width(clean_text(x)), ' ', '')], lambda t: worded_amount(t, currency))[1]
    end;

create or replace macro worded_integer(x) as
    case
        when regexp_full_match(x, '[+-]?(\d{1,3}(,\d{3})+|\d+)(\.0*)?')
            then try_cast(regexp_replace(replace(x, ',', ''), '\.0*$', '') as bigint)
    end;

create or replace macro read_integer(x) as
    case
        when regexp_full_match(x, '-?\d{1,18}') then try_cast(x as bigint)
        when x is not null then list_transform([half_width(clean_text(x))], lambda t: worded_integer(t))[1]
    end;

create or replace macro worded_number(x) as
    case
        when regexp_full_match(x, '[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?') then try_cast(replace(x, ',', '') as double)
    end;

create or replace macro read_number(x) as
    case
        when regexp_full_match(x, '-?\d+(\.\d+)?') then try_cast(x as double)
        when x is not null then list_transform([half_width(clean_text(x))], lambda t: worded_number(t))[1]
    end;

create or replace macro read_flag(x) as
    list_transform([lower(clean_text(x))], lambda c: case
        when list_position(['true', 't', 'yes', 'y', '1', '1.0', '是', '真', '有', '√'], c) is not null then true
        when list_position(['false', 'f', 'no', 'n', '0', '0.0', '否', '假', '无', '×'], c) is not null then false
    end)[1];

-- A spreadsheet's day number counts from 1899-12-30; five digits are 1954 to 2173.
create or replace macro serial_time(x) as
    case
        when regexp_full_match(x, '[2-9]\d{4}([.,]\d+)?')
            then timestamp '1899-12-30' + to_seconds(cast(round(cast(replace(x, ',', '.') as double) * 86400) as bigint))
    end;

create or replace macro worded_time(x) as
    coalesce(
        serial_time(x),
        try_strptime(x, [
            '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d', '%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%Y/%m/%d',
            '%Y.%m.%d %H:%M:%S', '%Y.%m.%d %H:%M', '%Y.%m.%d', '%Y年%m月%d日 %H:%M:%S', '%Y年%m月%d日 %H:%M',
            '%Y年%m月%d日%H时%M分%S秒', '%Y年%m月%d日%H时%M分', '%Y年%m月%d日'
        ]),
        case when regexp_full_match(x, '\d{14}') then try_strptime(x, '%Y%m%d%H%M%S') end,
        case when regexp_full_match(x, '(19|20)\d{6}') then try_strptime(x, '%Y%m%d') end
    );

create or replace macro has_offset(x) as
    contains(x, '+') or ends_with(x, 'Z') or contains(substr(x, 11), '-');

-- zone: the export's; a time that carries its own offset is turned into that zone's wall clock.
create or replace macro any_time(x, zone) as
    coalesce(
        case when not has_offset(x) and (x[5] = '-' or x[5] = '/') then try_cast(x as timestamp) end,
        list_transform([clean_text(x)], lambda c: coalesce(
            case
                when has_offset(x) and regexp_full_match(c, '\d{4}[-/].*\d ?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)')
                    then timezone(zone, try_cast(regexp_replace(c, ' ?([+-]\d{2})(\d{2})$', '\1:\2') as timestamptz))
            end,
            list_transform([half_width(c)], lambda t: worded_time(t))[1]
        ))[1]
    );

create or replace macro read_time(x, zone) as
    case
        when regexp_full_match(x, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d') then try_cast(x as timestamp)
        when x is not null then any_time(x, zone)
    end;

create or replace macro read_date(x, zone) as
    case
        when regexp_full_match(x, '\d{4}-\d\d-\d\d') then try_cast(x as date)
        -- a day put as its midnight is that day, wherever the midnight is
        when regexp_full_match(x, '\d{4}-\d\d-\d\d[T ]00:00(:00(\.0+)?)? ?(Z|UTC|[+-]\d\d:?\d\d)') then try_cast(left(x, 10) as date)
        when x is not null
            then coalesce(
                case when length(x) <= 10 and (x[5] = '-' or x[5] = '/') then try_cast(x as date) end,
                try_cast(any_time(x, zone) as date)
            )
    end;

create or replace macro read_month(x, zone) as
    cast(date_trunc('month', coalesce(
        read_date(x, zone),
        list_transform([clean_text(x)], lambda c: coalesce(
            case when regexp_full_match(c, '(19|20)\d{2}[-/.]\d{1,2}') then try_strptime(regexp_replace(c, '[/.]', '-'), '%Y-%m') end,
            case when regexp_full_match(c, '(19|20)\d{4}') then try_strptime(c, '%Y%m') end,
            try_strptime(c, '%Y年%m月')
        ))[1]
    )) as date);

-- As dashboard.contract.folded does it, for the spellings of a code.
create or replace macro fold(x) as
    regexp_replace(lower(half_width(clean_text(x))), '[\s_\-]+', '', 'g');
