//! Recognition (互认): is a genuine certificate from elsewhere accepted here, and why.
//!
//! Takes a [`Report`], a [`TrustList`] whose signature was checked, and the [`Policy`] of the place
//! that asks; gives a [`Recognition`]. Nothing is looked up, so the same inputs give the same answer.
//!
//! 1. Is it genuine, and is it in force?
//! 2. Is the list to be relied on today?
//! 3. Which listed authority stands behind the signature, and did the list vouch for it at signing?
//! 4. Does it vouch for this department, and may it issue this type in that region since that day?
//! 5. Do we accept this type, from there, today (互认清单), and under which conditions?
//!
//! What is missing or stale leaves the answer open; only what the list or the report says for certain
//! refuses.

mod answer;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    clock::civil_date,
    trust::list::{Authority, AuthorityStatus, Freshness, Standing, TrustList, covers, issuer_region},
    verify::{
        Finding, Force, Indication, Input, Language, Outcome, Report, Subject,
        code::{self, Code},
        text::{clock_time, day},
    },
};

pub use answer::{Decision, ListUsed, ListedAuthority, Reason, Recognition};

/// What the place that asks accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Where we are: six digits (GB/T 2260).
    pub region: String,
    /// Certificate type codes accepted here; every type if none are named.
    #[serde(default)]
    pub types: Option<BTreeSet<String>>,
    /// Accept only what its home registry says is in force, whatever the agreements ask.
    #[serde(default)]
    pub status_required: bool,
}

/// Decides whether what the report is about is accepted at the place of the policy.
pub fn recognise(report: &Report, list: &TrustList, policy: &Policy) -> Recognition {
    let now = report.verified_at;
    let mut steps = Steps::default();
    let mut conditions = Vec::new();
    let mut authority = None;

    // 1. Genuine, and in force?
    judge_verdict(&mut steps, report);
    judge_force(&mut steps, report.in_force);

    // 2. Is the list to be relied on today?
    judge_freshness(&mut steps, list, now);

    // 3. Which authority?
    if let Some(found) = judge_authority(&mut steps, report, list) {
        authority = Some(ListedAuthority {
            id: found.id.clone(),
            name: found.name.clone(),
            region: found.region.clone(),
        });
        if let Some(subject) = &report.subject {
            // 4. May it issue that?
            judge_grant(&mut steps, found, subject);
        }
    }

    // 5. Do we accept it?
    match &report.subject {
        Some(subject) => {
            judge_acceptance(
                &mut steps,
                list,
                policy,
                subject,
                report.in_force,
                now,
                &mut conditions,
            );
        }
        None => steps.open(
            "subject",
            code::NO_SUBJECT,
            "输入中没有证照信息",
            "the input names no certificate",
        ),
    }

    let (decision, code) = steps.decide(!conditions.is_empty());
    Recognition {
        schema: Recognition::SCHEMA,
        decision,
        code,
        in_force: report.in_force,
        region: policy.region.clone(),
        authority,
        conditions,
        list: ListUsed {
            operator: list.content().operator.clone(),
            sequence: list.content().sequence,
            issued_at: list.content().issued_at,
            next_update: list.content().next_update,
        },
        reasons: steps.0,
    }
}

/// Codes of findings that say that a signer leads to no root we know.
const ROOTLESS: [Code; 2] = [code::UNKNOWN_ROOT, code::TOKEN_SIGNER_UNKNOWN];

/// Codes of findings about the authority's standing: what the list says of it, the answer says.
const STANDING: [Code; 3] = [
    code::AUTHORITY_OUT_SINCE,
    code::AUTHORITY_SUSPENDED,
    code::AUTHORITY_WITHDRAWN,
];

fn judge_verdict(steps: &mut Steps, report: &Report) {
    let standing = STANDING
        .into_iter()
        .find(|code| report.reason == Some(code.as_str()));
    match report.indication {
        Indication::TotalPassed if report.input == Input::Token => steps.pass(
            "genuine",
            "二维码签名验证通过；纸面或图片未经核验",
            "the QR code's signature verifies; what bears it is not verified",
        ),
        // Its signatures may be anybody's, and vouch for nothing that its pages say.
        _ if matches!(report.input, Input::SignedDocument | Input::Seal) => steps.refuse(
            "genuine",
            code::NOT_A_CERTIFICATE,
            "不是电子证照：即便签名有效，也没有机关为其所载内容担保",
            "no electronic certificate: even where its signatures are good, no authority vouches for what it says",
        ),
        Indication::TotalPassed => steps.pass("genuine", "签章验证通过", "the signature verifies"),
        Indication::TotalFailed => steps.refuse(
            "genuine",
            standing.unwrap_or(code::NOT_GENUINE),
            report.headline(Language::Chinese),
            report.headline(Language::English),
        ),
        Indication::Indeterminate => steps.open(
            "genuine",
            standing.unwrap_or(code::NOT_DECIDED),
            report.headline(Language::Chinese),
            report.headline(Language::English),
        ),
    }
}

fn judge_force(steps: &mut Steps, force: Force) {
    let (zh, en) = (force.name_zh(), force.name_en());
    match force {
        Force::InForce | Force::ByDates => {
            steps.pass(
                "in-force",
                format!("证照{zh}"),
                format!("the certificate is {en}"),
            );
        }
        Force::Unknown | Force::NotApplicable => steps.open(
            "in-force",
            code::FORCE_UNKNOWN,
            "不知证照是否有效",
            "it is not known whether the certificate is in force",
        ),
        Force::NotYet
        | Force::Expired
        | Force::Suspended
        | Force::Revoked
        | Force::Cancelled
        | Force::Superseded => {
            steps.refuse(
                "in-force",
                code::NOT_IN_FORCE,
                format!("证照{zh}"),
                format!("the certificate is {en}"),
            );
        }
    }
}

fn judge_freshness(steps: &mut Steps, list: &TrustList, now: Timestamp) {
    let due = clock_time(list.content().next_update);
    match list.freshness(now) {
        Freshness::Fresh => steps.pass(
            "list-fresh",
            format!("信任列表在有效期内（至 {due}）"),
            format!("the trust list is current (until {due})"),
        ),
        Freshness::Stale => steps.open(
            "list-fresh",
            code::LIST_STALE,
            format!("信任列表已过期（应于 {due} 前更新），请先更新列表"),
            format!("the trust list was due for renewal at {due}: fetch the new one"),
        ),
        Freshness::NotYet => steps.open(
            "list-fresh",
            code::LIST_FROM_THE_FUTURE,
            "信任列表的签发时间在将来，请核对本机时钟",
            "the trust list is dated in the future: check this machine's clock",
        ),
    }
}

fn judge_authority<'a>(steps: &mut Steps, report: &Report, list: &'a TrustList) -> Option<&'a Authority> {
    let anchor = report.signed_by.as_ref().and_then(|signer| signer.anchor);
    let listed: Vec<&Authority> = anchor
        .map(|anchor| list.by_anchor(&anchor).collect())
        .unwrap_or_default();
    // One root may serve several authorities: the one that vouches for this department speaks.
    let issuer = report
        .subject
        .as_ref()
        .map(|subject| subject.issuer_code.as_str());
    let found = listed
        .iter()
        .find(|authority| issuer.is_some_and(|code| authority.vouches_for(code)))
        .or(listed.first())
        .copied();
    let Some(authority) = found else {
        // That the root is on no list is known of a root, or of a path that ends at none.
        let rootless = |finding: &Finding| ROOTLESS.iter().any(|code| code.as_str() == finding.code);
        if anchor.is_none() && !report.findings.iter().any(rootless) {
            steps.open(
                "authority-listed",
                code::AUTHORITY_UNKNOWN,
                "签章未获证实，不知出自哪个机构",
                "the signature is not proven, so nobody is known to stand behind it",
            );
            return None;
        }
        steps.refuse(
            "authority-listed",
            code::AUTHORITY_NOT_LISTED,
            "签章证书的根不在信任列表中",
            "no authority on the trust list stands behind the signature",
        );
        return None;
    };
    steps.pass(
        "authority-listed",
        format!("由列表所载机构“{}”担保", authority.name),
        format!("listed authority: {}", authority.name),
    );

    judge_standing(steps, authority, report);
    Some(authority)
}

/// Status at signing decides, as in ETSI TS 119 612; where nothing proves the time, the present one as well.
fn judge_standing(steps: &mut Steps, authority: &Authority, report: &Report) {
    let check = "authority-standing";
    let signer = report.signed_by.as_ref();
    let (claimed, proven) = (
        signer.and_then(|signer| signer.signed_at),
        signer.and_then(|signer| signer.proven_at),
    );
    let now = report.verified_at;
    let when = proven.or(claimed).map(clock_time).unwrap_or_default();
    match authority.standing(claimed, proven, now) {
        Standing::Granted => {
            let (mut zh, mut en) = (
                format!("签章时（{when}）机构状态正常"),
                format!("the authority was granted at signing ({when})"),
            );
            if authority.status_at(now) != Some(AuthorityStatus::Granted) {
                zh.push_str("，此后已停止");
                en.push_str(", and no longer is");
            }
            steps.pass(check, zh, en);
        }
        Standing::OutSince => steps.open(
            check,
            code::AUTHORITY_OUT_SINCE,
            format!("该机构现已停止担保，无法证明签章（自称 {when}）在此之前"),
            format!("the authority is no longer granted, and nothing proves the time of signing ({when})"),
        ),
        Standing::Suspended => steps.refuse(
            check,
            code::AUTHORITY_SUSPENDED,
            format!("签章时（{when}）该机构被暂停"),
            format!("the authority was suspended at signing ({when})"),
        ),
        Standing::Withdrawn => steps.refuse(
            check,
            code::AUTHORITY_WITHDRAWN,
            format!("签章时（{when}）该机构已被撤出"),
            format!("the authority was withdrawn at signing ({when})"),
        ),
        Standing::NotListedThen => steps.refuse(
            check,
            code::AUTHORITY_NOT_LISTED_THEN,
            format!("签章时（{when}）该机构不在列表有效期内"),
            format!("the list did not vouch for the authority at signing ({when})"),
        ),
        Standing::TimeUnknown => steps.open(
            check,
            code::SIGNING_TIME_UNKNOWN,
            "不知签章时间，无法判断当时机构状态",
            "the time of signing is unknown",
        ),
    }
}

fn judge_grant(steps: &mut Steps, authority: &Authority, subject: &Subject) {
    if authority.vouches_for(&subject.issuer_code) {
        steps.pass(
            "issuer-vouched",
            "颁发机关在该机构担保范围内",
            "the authority vouches for the issuing department",
        );
    } else {
        steps.refuse(
            "issuer-vouched",
            code::ISSUER_NOT_VOUCHED,
            format!("该机构不担保颁发机关 {}", subject.issuer_code),
            format!("the authority does not vouch for {}", subject.issuer_code),
        );
    }
    let Some(region) = issuer_region(&subject.issuer_code) else {
        steps.open(
            "type-granted",
            code::ISSUER_REGION_UNKNOWN,
            "颁发机关代码中没有行政区划",
            "the issuer's code names no region",
        );
        return;
    };
    let (type_name, issued) = (&subject.type_name, subject.issued_on);
    if authority.grant(&subject.type_code, region, issued).is_some() {
        steps.pass(
            "type-granted",
            format!("可在 {region} 颁发“{type_name}”"),
            format!("may issue {type_name} in {region}"),
        );
        return;
    }
    // Why not: the type, the day, or the region?
    let of_type = |grant: &&crate::trust::list::TypeGrant| {
        grant.code == subject.type_code || grant.code == crate::trust::list::ANY_TYPE
    };
    let on_day = |grant: &crate::trust::list::TypeGrant| {
        grant.from <= issued && grant.until.is_none_or(|until| issued <= until)
    };
    if !authority.types.iter().any(|grant| of_type(&grant)) {
        steps.refuse(
            "type-granted",
            code::TYPE_NOT_GRANTED,
            format!("该机构无权颁发“{type_name}”"),
            format!("the authority may not issue {type_name}"),
        );
    } else if !authority.types.iter().filter(of_type).any(on_day) {
        steps.refuse(
            "type-granted",
            code::GRANT_NOT_IN_EFFECT,
            format!("颁发日期 {} 不在授权期内", day(issued, true)),
            format!("the authority might not issue it on {issued}"),
        );
    } else {
        steps.refuse(
            "type-granted",
            code::REGION_NOT_GRANTED,
            format!("该机构不得在 {region} 颁发“{type_name}”"),
            format!("the authority may not issue {type_name} in {region}"),
        );
    }
}

fn judge_acceptance(
    steps: &mut Steps,
    list: &TrustList,
    policy: &Policy,
    subject: &Subject,
    force: Force,
    now: Timestamp,
    conditions: &mut Vec<String>,
) {
    let type_name = &subject.type_name;
    if policy
        .types
        .as_ref()
        .is_none_or(|types| types.contains(&subject.type_code))
    {
        steps.pass(
            "type-accepted",
            format!("本地受理“{type_name}”"),
            format!("{type_name} is accepted here"),
        );
    } else {
        steps.refuse(
            "type-accepted",
            code::TYPE_NOT_ACCEPTED,
            format!("本地不受理“{type_name}”"),
            format!("{type_name} is not accepted here"),
        );
    }

    let mut status_required = policy.status_required;
    let Some(from) = issuer_region(&subject.issuer_code) else {
        steps.open(
            "agreement",
            code::ISSUER_REGION_UNKNOWN,
            "颁发机关代码中没有行政区划",
            "the issuer's code names no region",
        );
        return;
    };
    if covers(&policy.region, from) || covers(from, &policy.region) {
        steps.not_applicable(
            "agreement",
            "本辖区证照，无需互认",
            "issued at home: no agreement needed",
        );
    } else {
        let today = civil_date(now);
        let concerning = || {
            list.content()
                .agreements
                .iter()
                .filter(|agreement| agreement.concerns(&subject.type_code, from, &policy.region))
        };
        match concerning().find(|agreement| agreement.in_effect(today)) {
            Some(agreement) => {
                status_required |= agreement.status_required;
                conditions.extend(agreement.conditions.iter().cloned());
                steps.pass(
                    "agreement",
                    format!("{} 与 {} 互认该类证照", policy.region, from),
                    format!("{} accepts this type from {from}", policy.region),
                );
            }
            None if concerning().next().is_some() => steps.refuse(
                "agreement",
                code::AGREEMENT_NOT_IN_EFFECT,
                "互认约定今日不在有效期内",
                "the agreement is not in effect today",
            ),
            None => steps.refuse(
                "agreement",
                code::NO_AGREEMENT,
                format!("{} 未与 {from} 约定互认该类证照", policy.region),
                format!("{} has no agreement with {from} on this type", policy.region),
            ),
        }
    }
    if status_required && force == Force::ByDates {
        steps.open(
            "status-known",
            code::STATUS_REQUIRED,
            "须先查询登记状态方可认可",
            "the state in its home registry must be known first",
        );
    }
}

#[derive(Default)]
struct Steps(Vec<Reason>);

impl Steps {
    fn pass(&mut self, check: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.add(check, Outcome::Passed, code::OK, zh.into(), en.into());
    }

    fn refuse(&mut self, check: &'static str, code: Code, zh: impl Into<String>, en: impl Into<String>) {
        self.add(check, Outcome::Failed, code, zh.into(), en.into());
    }

    fn open(&mut self, check: &'static str, code: Code, zh: impl Into<String>, en: impl Into<String>) {
        self.add(check, Outcome::Undecided, code, zh.into(), en.into());
    }

    fn not_applicable(&mut self, check: &'static str, zh: &str, en: &str) {
        self.add(
            check,
            Outcome::NotApplicable,
            code::NOT_APPLICABLE,
            zh.into(),
            en.into(),
        );
    }

    fn add(
        &mut self,
        check: &'static str,
        outcome: Outcome,
        code: Code,
        message: String,
        message_en: String,
    ) {
        self.0.push(Reason {
            check,
            outcome,
            code: code.as_str(),
            message,
            message_en,
        });
    }

    fn decide(&self, with_conditions: bool) -> (Decision, &'static str) {
        let first = |outcome| self.0.iter().find(|reason| reason.outcome == outcome);
        if let Some(reason) = first(Outcome::Failed) {
            (Decision::Refused, reason.code)
        } else if let Some(reason) = first(Outcome::Undecided) {
            (Decision::Undecided, reason.code)
        } else if with_conditions {
            (Decision::AcceptedWithConditions, code::OK.as_str())
        } else {
            (Decision::Accepted, code::OK.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::date;

    use super::*;
    use crate::{
        crypto::{SigningIdentity, x509},
        qr::token::tests::identity,
        trust::list::{
            Agreement, StatusChange, TrustListContent,
            tests::{at, authority, content, signed},
        },
        verify::SignedBy,
    };

    const TYPE: &str = "11100000000013338W011";

    fn report(root: &SigningIdentity) -> Report {
        let mut report = Report::conclude(
            Input::Document,
            Vec::new(),
            Force::InForce,
            at("2026-11-21T00:00:00Z"),
            None,
            Some(Subject {
                identifier: format!("1.2.156.3005.2.{TYPE}.11430000006122244L.20230000403.001.U"),
                type_code: TYPE.to_owned(),
                type_name: "食品经营许可证".to_owned(),
                number: "JY14301020001234".to_owned(),
                holder_name: "示例区虚构餐饮管理有限公司".to_owned(),
                holder_code_masked: None,
                issuer_code: "11430000006122244L".to_owned(),
                issuer_name: None,
                issued_on: date(2023, 5, 6),
                valid_from: date(2023, 5, 6),
                valid_until: None,
            }),
            Some(SignedBy {
                name: "示例".to_owned(),
                fingerprint: [1; 32],
                anchor: Some(x509::fingerprint(&root.certificate)),
                signed_at: Some(at("2026-11-20T00:00:00Z")),
                proven_at: None,
                proven_by: None,
            }),
        );
        report.indication = Indication::TotalPassed;
        report
    }

    fn agreement() -> Agreement {
        Agreement {
            from_region: "430000".to_owned(),
            to_region: "410000".to_owned(),
            types: vec![TYPE.to_owned()],
            from: date(2025, 1, 1),
            until: Some(date(2027, 1, 1)),
            status_required: false,
            conditions: Vec::new(),
        }
    }

    fn policy() -> Policy {
        Policy {
            region: "410102".to_owned(),
            types: None,
            status_required: false,
        }
    }

    struct Case {
        root: SigningIdentity,
        content: TrustListContent,
        report: Report,
        policy: Policy,
    }

    type Change = fn(&mut Case);

    fn case() -> Case {
        let root = identity("Root");
        let mut content = content(vec![authority("甲", "430000", &root)]);
        content.agreements.push(agreement());
        Case {
            report: report(&root),
            root,
            content,
            policy: policy(),
        }
    }

    fn answer(change: impl FnOnce(&mut Case)) -> (Decision, &'static str) {
        let mut case = case();
        change(&mut case);
        let recognition = recognise(&case.report, &signed(&case.content), &case.policy);
        for language in [Language::Chinese, Language::English] {
            let text = recognition.to_text(&case.report, language);
            assert!(text.contains(recognition.code), "{text}");
        }
        (recognition.decision, recognition.code)
    }

    #[test]
    fn a_neighbours_certificate_is_accepted_for_its_reasons() {
        let case = case();
        let recognition = recognise(&case.report, &signed(&case.content), &case.policy);
        assert_eq!(recognition.decision, Decision::Accepted);
        assert_eq!(recognition.authority.unwrap().id, "甲");
        let checks: Vec<_> = recognition.reasons.iter().map(|reason| reason.check).collect();
        assert_eq!(
            checks,
            [
                "genuine",
                "in-force",
                "list-fresh",
                "authority-listed",
                "authority-standing",
                "issuer-vouched",
                "type-granted",
                "type-accepted",
                "agreement"
            ]
        );
    }

    #[test]
    fn each_reason_to_refuse_has_its_code() {
        use Decision::Refused;
        let cases: [(&str, Change); 13] = [
            ("NOT_GENUINE", |c| c.report.indication = Indication::TotalFailed),
            ("NOT_IN_FORCE", |c| c.report.in_force = Force::Revoked),
            ("NOT_IN_FORCE", |c| c.report.in_force = Force::Expired),
            ("AUTHORITY_NOT_LISTED", |c| {
                c.report.signed_by.as_mut().unwrap().anchor = Some([9; 32]);
            }),
            ("AUTHORITY_WITHDRAWN", |c| {
                c.content.authorities[0].history.push(StatusChange {
                    status: AuthorityStatus::Withdrawn,
                    since: at("2026-06-01T00:00:00Z"),
                    reason: String::new(),
                });
            }),
            ("AUTHORITY_NOT_LISTED_THEN", |c| {
                c.report.signed_by.as_mut().unwrap().signed_at = Some(at("2017-01-01T00:00:00Z"));
            }),
            ("ISSUER_NOT_VOUCHED", |c| {
                c.content.authorities[0].issuers = vec!["11430100006122244L".to_owned()];
            }),
            ("TYPE_NOT_GRANTED", |c| c.content.authorities[0].types.clear()),
            ("GRANT_NOT_IN_EFFECT", |c| {
                c.report.subject.as_mut().unwrap().issued_on = date(2017, 12, 31);
            }),
            ("REGION_NOT_GRANTED", |c| {
                c.content.authorities[0].types[0].regions = vec!["430100".to_owned()];
            }),
            ("TYPE_NOT_ACCEPTED", |c| c.policy.types = Some(BTreeSet::new())),
            ("AGREEMENT_NOT_IN_EFFECT", |c| {
                c.content.agreements[0].until = Some(date(2026, 11, 20));
            }),
            ("NO_AGREEMENT", |c| c.policy.region = "370000".to_owned()),
        ];
        for (code, change) in cases {
            assert_eq!(answer(change), (Refused, code));
        }
    }

    #[test]
    fn what_is_missing_or_stale_leaves_it_open() {
        let cases: [(&str, Change); 5] = [
            ("NOT_DECIDED", |c| c.report.indication = Indication::Indeterminate),
            ("FORCE_UNKNOWN", |c| c.report.in_force = Force::Unknown),
            ("LIST_STALE", |c| {
                c.report.verified_at = at("2026-12-02T00:00:00Z");
            }),
            ("STATUS_REQUIRED", |c| {
                c.report.in_force = Force::ByDates;
                c.content.agreements[0].status_required = true;
            }),
            ("SIGNING_TIME_UNKNOWN", |c| {
                c.report.signed_by.as_mut().unwrap().signed_at = None;
            }),
        ];
        for (code, change) in cases {
            assert_eq!(answer(change), (Decision::Undecided, code));
        }
    }

    #[test]
    fn a_later_withdrawal_and_conditions_are_told() {
        let later = |proven: Option<&str>| {
            answer(|c| {
                c.content.authorities[0].history.push(StatusChange {
                    status: AuthorityStatus::Withdrawn,
                    since: at("2026-11-20T12:00:00Z"),
                    reason: String::new(),
                });
                c.report.signed_by.as_mut().unwrap().proven_at = proven.map(at);
            })
        };
        let proven = later(Some("2026-11-20T00:00:01Z"));
        assert_eq!(proven, (Decision::Accepted, "OK"));
        // Whoever has the keys of a withdrawn authority can write any date.
        assert_eq!(later(None), (Decision::Undecided, "AUTHORITY_OUT_SINCE"));
        let conditions = answer(|c| {
            c.content.agreements[0].conditions = vec!["须核对本人身份证".to_owned()];
        });
        assert_eq!(conditions, (Decision::AcceptedWithConditions, "OK"));
    }

    #[test]
    fn an_answer_says_that_the_state_was_not_asked() {
        for (force, notes) in [(Force::ByDates, 1), (Force::InForce, 0)] {
            let mut case = case();
            case.report.in_force = force;
            let recognition = recognise(&case.report, &signed(&case.content), &case.policy);
            assert_eq!(recognition.in_force, force);
            let chinese = recognition.to_text(&case.report, Language::Chinese);
            assert_eq!(chinese.matches("注意  登记状态未查").count(), notes, "{chinese}");
            let english = recognition.to_text(&case.report, Language::English);
            assert_eq!(
                english.matches("Note      status not asked").count(),
                notes,
                "{english}"
            );
        }
    }

    #[test]
    fn certificates_of_our_own_region_need_no_agreement() {
        let home = answer(|c| {
            c.content.agreements.clear();
            c.policy.region = "430000".to_owned();
        });
        assert_eq!(home, (Decision::Accepted, "OK"));
    }

    #[test]
    fn a_root_shared_by_two_authorities_is_taken_for_the_one_that_vouches() {
        let mut case = case();
        let mut other = authority("乙", "370000", &case.root);
        other.issuers = vec!["11370000006122244L".to_owned()];
        case.content.authorities.insert(0, other);
        let recognition = recognise(&case.report, &signed(&case.content), &case.policy);
        assert_eq!(recognition.authority.unwrap().id, "甲");
    }
}
