//! Deliberate departures of the reference implementation: each breaks one requirement as narrowly as possible, so that the suite can
//! be shown to notice it (a suite that has never failed proves nothing).
//!
//! One fault is in force at most, for the life of the process. Exactly one place of the code asks for each. The table below is the only
//! list, more than 400 lines of it, one for each fault; the command line, `GET /v1/faults` and `fixtures/faults.yaml` follow it.

/// The fault in force, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InForce(pub Option<Fault>);

impl InForce {
    /// True if this very fault was asked for.
    pub fn is(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}

macro_rules! faults {
    ($( $variant:ident $name:literal $requirement:literal $what:literal; )*) => {
        /// Every fault the reference implementation can be started with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault { $( #[doc = $what] $variant, )* }

        impl Fault {
            /// All faults, in the order of the requirement catalogue.
            pub const ALL: &[Fault] = &[ $( Fault::$variant, )* ];

            /// The name given to `--fault`.
            pub fn name(self) -> &'static str {
                match self { $( Fault::$variant => $name, )* }
            }
            /// The requirement it breaks.
            pub fn requirement(self) -> &'static str {
                match self { $( Fault::$variant => $requirement, )* }
            }
            /// What the gateway does wrong, in one line.
            pub fn what(self) -> &'static str {
                match self { $( Fault::$variant => $what, )* }
            }
        }
    };
}

faults! {
    // Policy and the three outcomes of OMA-RD-CPM-V1_0 CPM-IWF-008.
    IgnoreAcceptPolicy "ignore-accept-policy" "POL-01" "asks the SMS user although the policy is to accept";
    InvitesBeforeAccepting "invites-before-accepting" "POL-01" "accepts by policy but sends the inviting message first";
    IgnoreRejectPolicy "ignore-reject-policy" "POL-02" "accepts although the policy is to reject";
    SmOnReject "sm-on-reject" "POL-02" "refuses by policy but sends a short message to the SMS user";
    AnswersBeforeTheSmsUser "answers-before-the-sms-user" "POL-03" "accepts at once and sends the inviting message after that";
    NeverInvites "never-invites" "POL-03" "accepts without an inviting message although the policy is to ask";
    PolicyFixed "policy-fixed" "POL-04" "always asks, whatever the configuration says";
    AsksDespiteAutoAccept "asks-despite-auto-accept" "POL-05" "asks although the provider's policy is auto-accept and the user has set nothing";
    IgnoresChatsAsSms "ignores-chats-as-sms" "POL-06" "starts the SMS leg for a CPM user who does not want chats as short messages";
    UserPreferenceOverForbid "user-preference-over-forbid" "POL-07" "lets the user's preference win over the provider's forbid";
    ProviderOverUserPreference "provider-over-user-preference" "POL-07" "lets the provider's default win over the user's preference";
    AcceptsWithoutE164 "accepts-without-e164" "POL-08" "accepts an invitation to a target that names no E.164 number";

    // Service authorisation.
    SkipsAuthorisation "skips-authorisation" "AUT-01" "interworks for an originator who is not authorised";
    SilentWhenUnauthorised "silent-when-unauthorised" "AUT-02" "gives an unauthorised originator no final response";
    UnauthorisedWarningDiffers "unauthorised-warning-differs" "AUT-03" "warns an unauthorised originator with number 126 instead of 127";
    DeliversToUnauthorised "delivers-to-unauthorised" "AUT-04" "delivers a short message to a CPM user who is not authorised for interworking";

    ServesNeitherLevel "serves-neither-level" "AUT-06" "serves a user who is subscribed to neither level by service level";
    RunsUnsubscribedLevel "runs-unsubscribed-level" "AUT-06" "uses the level the user is not subscribed to";
    IgnoresLevelAuthorisation "ignores-level-authorisation" "AUT-07" "chooses between the levels by policy, authorised or not";
    LevelPolicyIgnored "level-policy-ignored" "AUT-08" "takes the other level than the operator's policy says";

    RefetchesHssData "refetches-hss-data" "AUT-09" "asks the HSS again at every attempt instead of keeping what it said at registration";

    // Anonymity.
    RefusesPrivacyAsMalformed "refuses-privacy-as-malformed" "ANO-01" "answers 400 to an invitation with Privacy: id";
    LeaksCallerInInvitingMessage "leaks-caller-in-inviting-message" "ANO-02" "names the anonymous caller in the inviting message";
    LeaksCallerInChat "leaks-caller-in-chat" "ANO-02" "puts the anonymous caller's number before every chat text";
    IgnoresAnonymityPolicy "ignores-anonymity-policy" "ANO-03" "interworks an anonymous invitation although policy forbids anonymity";
    AnonymityWarningDiffers "anonymity-warning-differs" "ANO-04" "warns with number 118 instead of 119 when anonymity is forbidden";
    OwnNumberWhenAnonymous "own-number-when-anonymous" "ANO-05" "sends the anonymous caller's short messages from the caller's own number";

    // The inviting message.
    InvitingMessageToWrongUser "inviting-message-to-wrong-user" "INV-01" "addresses the inviting message to another number than the invited one";
    ProtocolIdSet "protocol-id-set" "INV-01" "sends the inviting message with protocol identifier 7F instead of 00";
    HardCodedInvitingText "hard-coded-inviting-text" "INV-04" "ignores the operator's inviting text";
    InvitationNotMentioned "invitation-not-mentioned" "INV-05" "leaves the first sentence of the operator's inviting text out";
    KeywordsNotExplained "keywords-not-explained" "INV-06" "leaves the keywords out of the inviting message";
    GroupTextWithoutInviter "group-text-without-inviter" "INV-07" "leaves the inviter out of the inviting message of a group chat";
    LongTextTruncated "long-text-truncated" "INV-09" "sends only the first part of a long inviting message";
    ConcatenationReferenceDiffers "concatenation-reference-differs" "INV-09" "gives every part of a long inviting message another reference";
    NoProvisional "no-provisional" "INV-10" "sends no provisional response but 100 while the SMS user is asked";
    NoProvisionalRefresh "no-provisional-refresh" "INV-10" "sends one provisional response and does not repeat it";
    NoAnswerTimeout "no-answer-timeout" "INV-11" "waits for the SMS user's answer without limit";
    AcceptsOnTimeout "accepts-on-timeout" "INV-11" "accepts when the SMS user does not answer in time";
    LateAnswerOpensSession "late-answer-opens-session" "INV-12" "invites the CPM user when the SMS user accepts too late";
    IgnoresSubmissionFailure "ignores-submission-failure" "INV-13" "goes on waiting although the inviting message could not be submitted";
    CancelWithout487 "cancel-without-487" "INV-14" "answers CANCEL but leaves the INVITE without 487";
    InvitesAgainOnRetransmission "invites-again-on-retransmission" "INV-15" "sends another inviting message for a retransmitted INVITE";

    // The number of the session.
    NumberChangesWithinSession "number-changes-within-session" "ADR-01" "sends chat texts from another number than the inviting message";
    ChatShortMessageAsPager "chat-short-message-as-pager" "ADR-02" "sends a short message of the chat as SIP MESSAGE";
    IgnoresOwnNumberSetting "ignores-own-number-setting" "ADR-03" "assigns a number although the setting is the caller's own";
    OwnNumberForGroup "own-number-for-group" "ADR-04" "uses the caller's own number for a group chat";
    CorrelatesByNumberOnly "correlates-by-number-only" "ADR-07" "finds the chat of a short message by its destination alone";
    OwnNumberKeptInGroup "own-number-kept-in-group" "ADR-05" "keeps the caller's own number when a chat between two becomes a group chat";
    GroupNumberForeign "group-number-foreign" "ADR-06" "sends texts of a group chat from a number that leads elsewhere";
    ReusesLiveNumber "reuses-live-number" "ADR-08" "gives a number out twice to one SMS user when the pool is exhausted";
    NoQuarantine "no-quarantine" "ADR-09" "gives a number out again as soon as its session has ended";

    // The SMS user's answer.
    AnswerInverted "answer-inverted" "ANS-01" "reads accept as reject and reject as accept";
    AcceptsWithoutSdp "accepts-without-sdp" "ANS-02" "accepts without a session description";
    RejectsWith500 "rejects-with-500" "ANS-03" "answers 500 when the SMS user rejects";
    KeywordRelayed "keyword-relayed" "ANS-05" "relays the accepting keyword into the chat";
    KeywordsCaseSensitive "keywords-case-sensitive" "ANS-06" "does not recognise a keyword in another case";
    KeywordPrefixMatches "keyword-prefix-matches" "ANS-06" "takes a longer text that begins with a keyword for the keyword";
    UnrecognisedTextRejects "unrecognised-text-rejects" "ANS-07" "takes any other text for a rejection";
    NoHelpMessage "no-help-message" "ANS-07" "sends no help message after an unrecognised text";
    HelpRestartsTimer "help-restarts-timer" "ANS-07" "starts the answer timer again after an unrecognised text";
    AnswerNotAcknowledged "answer-not-acknowledged" "ANS-08" "does not acknowledge the SMS user's answer on the SMS leg";

    // Chat text from CPM to SMS.
    ChatDropped "chat-dropped" "M2S-01" "acknowledges a chat text and sends no short message";
    ChatTextAltered "chat-text-altered" "M2S-01" "sends the chat text in capital letters";
    ChatToWrongUser "chat-to-wrong-user" "M2S-02" "addresses chat texts to the SMS user of another chat of the same CPM user";
    CpimShown "cpim-shown" "M2S-03" "sends the CPIM header fields with the chat text";
    ChunksNotReassembled "chunks-not-reassembled" "M2S-04" "takes each chunk of a chat message for a whole one";
    AbortedMessageDelivered "aborted-message-delivered" "M2S-04" "delivers what had come of a chat message when its sender broke it off";
    AlwaysUcs2 "always-ucs2" "M2S-05" "sends every chat text in UCS2";
    ExtensionTableIncomplete "extension-table-incomplete" "M2S-05" "knows only brackets and the euro sign of the GSM alphabet's extension table";
    PartsTooLong "parts-too-long" "M2S-06" "puts one septet or unit too many into the parts of a long chat text";
    SplitsCharacters "splits-characters" "M2S-07" "splits escape sequences and surrogate pairs between the parts of a long chat text";
    SendUnanswered "send-unanswered" "M2S-08" "does not answer a SEND whose Failure-Report is yes or absent";
    AnswersDespiteFailureReport "answers-despite-failure-report" "M2S-08" "answers every SEND, whatever its Failure-Report";
    ErrorNotAnswered "error-not-answered" "M2S-08" "does not answer a SEND that it refuses and whose Failure-Report is partial";
    EmptySendRelayed "empty-send-relayed" "M2S-09" "sends an empty short message for an empty SEND";
    ComposingRelayed "composing-relayed" "M2S-10" "tells the SMS user by short message that the CPM user is writing";
    NonTextRelayed "non-text-relayed" "M2S-11" "sends content that is no text as if it were text";
    NonTextUnreported "non-text-unreported" "M2S-11" "acknowledges content that is no text and drops it";
    ChatOrderChanged "chat-order-changed" "M2S-12" "lets a chat text overtake the one before it";
    RefusalNotReported "refusal-not-reported" "M2S-13" "keeps it to itself that a chat text was refused by the service centre";
    RefusalEndsSession "refusal-ends-session" "M2S-13" "ends the session when a chat text is refused by the service centre";

    // Short messages into the chat.
    ShortMessageDropped "short-message-dropped" "S2M-01" "acknowledges a short message and does not relay it";
    RelaysTwice "relays-twice" "S2M-01" "sends every short message into the chat twice";
    IgnoresDeliveries "ignores-deliveries" "ANS-08" "neither answers nor reads any short message from the service centre";
    ShortMessageTextAltered "short-message-text-altered" "S2M-01" "relays short messages in capital letters";
    ContentTypeDiffers "content-type-differs" "S2M-02" "labels the relayed text as text/html";
    CpimFromDiffers "cpim-from-differs" "S2M-03" "names another number than the SMS user's in CPIM From";
    CpimFromWithoutPlus "cpim-from-without-plus" "S2M-03" "writes the SMS user's number in CPIM From without the + that makes it a global one";
    MessageIdRepeated "message-id-repeated" "S2M-04" "gives every chat message of a session the same imdn.Message-ID";
    AcknowledgesBeforeChat "acknowledges-before-the-chat" "S2M-05" "acknowledges a short message before the CPM user's client has answered";
    PartsRelayedSingly "parts-relayed-singly" "S2M-06" "sends each part of a concatenated short message into the chat";
    PartsInOrderOfArrival "parts-in-order-of-arrival" "S2M-06" "puts the parts of a short message together as they come, also one that comes twice";
    PartialMessageRelayed "partial-message-relayed" "S2M-07" "sends what there is of an incomplete short message when its time has passed";
    TakesAnySender "takes-any-sender" "S2M-08" "takes a short message from anybody into the chat of its number";
    RelaysAfterTheEnd "relays-after-the-end" "S2M-09" "sends short messages into a chat session that has ended";

    TimeOfRelayInDateTime "time-of-relay-in-date-time" "S2M-03" "writes the time of relaying into CPIM DateTime";

    // Pager-mode messages from CPM users.
    LeaksCallerInPager "leaks-caller-in-pager" "ANO-06" "sends an anonymous pager message from the CPM user's own number";
    LongPagerTruncated "long-pager-truncated" "PGO-01" "submits only the first part of a long pager message to an SMS user";
    PagerToCpmUserRefused "pager-to-cpm-user-refused" "PGO-02" "answers 404 to a pager message whose recipient is a CPM user";
    PagerContentNotChecked "pager-content-not-checked" "PGO-03" "submits any content of a pager message as if it were text";
    PagerAnsweredAtOnce "pager-answered-at-once" "PGO-04" "answers 200 to a pager message before the service centre has taken it";
    PagerWaitsWithoutLimit "pager-waits-without-limit" "PGO-04" "waits for the service centre however long it takes";
    PagerRefusalHidden "pager-refusal-hidden" "PGO-04" "answers 200 to a pager message that the service centre has refused";
    LatePagerFailureUntold "late-pager-failure-untold" "PGO-04" "tells nobody that a submission failed after 202";
    PagerWithContact "pager-with-contact" "PGO-07" "puts a Contact into the 2xx to MESSAGE";

    // Short messages to CPM users.
    PagerMessageTwice "pager-message-twice" "PGT-01" "sends two SIP MESSAGEs for one short message";
    PartsDeliveredApart "parts-delivered-apart" "PGT-04" "sends every part of a long short message as a SIP MESSAGE of its own";
    LargeTextAsOneMessage "large-text-as-one-message" "PGT-04" "sends a SIP MESSAGE however long the text is";
    LargeMessageMarkedAsSession "large-message-marked-as-session" "PGT-05" "marks a large message as a chat session";
    LargeMessageInTwo "large-message-in-two" "PGT-05" "sends the text of a large message in two MSRP messages";
    LargeMessageNotEnded "large-message-not-ended" "PGT-05" "does not end the session of a large message";
    SipFailureAsAbsence "sip-failure-as-absence" "PGT-06" "reports any failure of the SIP MESSAGE as an absent subscriber";
    PagerFromGateway "pager-from-gateway" "PGT-07" "names itself in From of the SIP MESSAGE";
    NamedSendersDelivered "named-senders-delivered" "PGT-07" "delivers short messages of senders with a name although they are to be refused";

    // Feature tags, identities and routes.
    AcceptContactNotRead "accept-contact-not-read" "FT-01" "does not know a CPM session by the feature tag of Accept-Contact";
    ContactWithoutFeatureTag "contact-without-feature-tag" "FT-02" "leaves the feature tag out of its Contact";
    ServiceHeaderEscaped "service-header-escaped" "FT-03" "writes P-Asserted-Service with escaped colons";
    PagerMarkedAsSession "pager-marked-as-session" "FT-04" "marks a pager message as a chat session";
    FeatureTagsComparedByOctets "feature-tags-compared-by-octets" "FT-05" "knows feature tags in one spelling only";
    FileTransferByTagOnly "file-transfer-by-tag-only" "FT-06" "does not see a file transfer in the service header field";
    RecordRouteLost "record-route-lost" "FT-07" "leaves Record-Route out of the 2xx";
    RouteNotFollowed "route-not-followed" "FT-07" "sends BYE without the recorded route";
    AssertsAnotherNumber "asserts-another-number" "FT-08" "asserts another number than the SMS user's";
    ForeignProductsRefused "foreign-products-refused" "FT-09" "refuses clients whose User-Agent is no CPM client";
    BareSipUriUnknown "bare-sip-uri-unknown" "FT-10" "finds no number in a sip URI without user=phone";

    // Routing and the HSS.
    WrongScAddress "wrong-sc-address" "INV-02" "submits the inviting message with another service centre address than its own";
    OwnConfigOverHssScAddress "own-config-over-hss-sc-address" "INV-03" "prefers the provisioned service centre to the one the HSS holds";
    ClosingWithWrongScAddress "closing-with-wrong-sc-address" "TD-06" "submits the closing message with another service centre address";
    PagerWithWrongScAddress "pager-with-wrong-sc-address" "PGO-05" "submits pager messages with another service centre address";
    NoRoutingQuery "no-routing-query" "PGO-06" "delivers at the terminating side without asking the HSS where the SMS user is";
    AcknowledgesBeforeSip "acknowledges-before-sip" "PGT-02" "acknowledges a short message before it has sent it on";
    NoDeliverReport "no-deliver-report" "PGT-03" "acknowledges a short message without SMS-DELIVER-REPORT";
    CorrelationIdReused "correlation-id-reused" "RTE-02" "gives every routing query about a user the same correlation id";
    CorrelationIdIsImsi "correlation-id-is-imsi" "RTE-03" "answers a routing query with the user's IMSI";
    AnswerRoutedUnderItsNumber "answer-routed-under-its-number" "ANS-04" "answers the routing query for a session number with that number in the place of the IMSI";
    LeaveMessageRefused "leave-message-refused" "TD-09" "ends the session on the leave keyword and answers the short message with a failure";
    StatusReportRefused "status-report-refused" "DR-08" "answers status reports of short messages with a failure";
    UnknownCorrelationIdAccepted "unknown-correlation-id-accepted" "RTE-04" "takes a short message under an unknown correlation id for the latest one's";
    SessionNumberNotRouted "session-number-not-routed" "RTE-08" "answers that a session number is unknown";
    // Session descriptions and what a session takes.
    AnswerWithoutRefusedMedia "answer-without-refused-media" "SDP-01" "leaves refused media lines out of its answer";
    WrappedTextNotTaken "wrapped-text-not-taken" "SDP-02" "names no text/plain among the types it takes in message/cpim";
    SessionIdsCounted "session-ids-counted" "SDP-03" "counts its MSRP session identifiers";
    SetupAlwaysPassive "setup-always-passive" "SDP-04" "answers setup:passive to an offer that is passive itself";
    UnusableOfferAsServerError "unusable-offer-as-server-error" "SDP-05" "answers 500 to an offer it cannot use";
    UnknownSessionTaken "unknown-session-taken" "SDP-06" "answers 200 to an MSRP request for a session that does not exist";
    FirstMessageLost "first-message-lost" "SDP-07" "drops the message that comes with the offer";
    TooLongTextTaken "too-long-text-taken" "SDP-08" "answers 200 to a chat text that no concatenated short message can hold, and drops it";

    // Delivery reports.
    StatusReportNeverRequested "status-report-never-requested" "M2S-14" "requests no status report for chat messages whose sender wants a report";
    StatusReportAlwaysRequested "status-report-always-requested" "M2S-14" "requests a status report for every chat message";
    PagerStatusReportNotRequested "pager-status-report-not-requested" "DR-01" "requests no status report for pager messages";
    DisplayRequestsStatusReport "display-requests-status-report" "DR-02" "requests a status report for a pager message that asks for a display notification only";
    DisplayedTold "displayed-told" "DR-02" "notifies that a pager message was displayed when it was delivered";
    PagerNotificationMissing "pager-notification-missing" "DR-03" "keeps to itself what the service centre reports of a pager message";
    PagerNotificationTwice "pager-notification-twice" "DR-03" "sends every notification of a pager message twice";
    PagerNotificationNamesAnother "pager-notification-names-another" "DR-04" "names another message id in notifications of pager messages";
    FailureWithoutStatusReport "failure-without-status-report" "DR-05" "notifies of a failure when no status report has come in time";
    LateStatusReportTold "late-status-report-told" "DR-05" "notifies after the time for status reports, too";
    ChatDeliveriesUntold "chat-deliveries-untold" "DR-07" "keeps to itself that a chat message was delivered";
    ByteRangeOfReportShort "byte-range-of-report-short" "DR-09" "leaves the last octet out of the Byte-Range of REPORT";
    NotificationAsReport "notification-as-report" "DR-10" "sends an MSRP REPORT where a notification was asked for";
    TemporaryStatusTold "temporary-status-told" "DR-11" "takes a status of the service centre that is still trying for a failure";
    ReportsInOrderOfMessages "reports-in-order-of-messages" "DR-12" "takes the status reports of a chat to come in the order of its messages";
    FirstPartDecides "first-part-decides" "DR-13" "tells of a delivery when the first part has arrived";
    FailureToldUnasked "failure-told-unasked" "DR-14" "tells of a failure although the sender did not ask for it";
    NotificationShown "notification-shown" "DR-15" "sends a notification of the CPM user to the SMS user as a text";

    // CPM parameters kept and sent back.
    ParametersForgottenAfterAnswer "parameters-forgotten-after-answer" "PAR-01" "forgets the parameters of a message when it has been answered once";
    ParametersNotSentBack "parameters-not-sent-back" "PAR-02" "sends neither conversation id nor contribution id back with an answer";
    ConversationIdNewInAnswers "conversation-id-new-in-answers" "PAR-03" "gives every answer a conversation id of its own";
    ContributionIdRepeated "contribution-id-repeated" "PAR-04" "gives an answer the contribution id of the message answered";
    InReplyToFirstMessage "in-reply-to-first-message" "PAR-05" "takes an answer to be to the first message of a pair";
    ParametersInLowerCase "parameters-in-lower-case" "PAR-06" "sends the parameters back in small letters";
    OtherParametersInBye "other-parameters-in-bye" "PAR-07" "sends BYE with other parameters than the invitation had";
    OtherParametersInResponses "other-parameters-in-responses" "PAR-08" "responds with other parameters than the request had";
    OtherParametersInNotification "other-parameters-in-notification" "PAR-09" "notifies with other parameters than the message had";
    InventsInReplyTo "invents-in-reply-to" "PAR-10" "names a message replied to where there is none";
    ParametersForgottenEarly "parameters-forgotten-early" "PAR-11" "keeps parameters a quarter of the time";
    ParametersKeptForEver "parameters-kept-for-ever" "PAR-11" "keeps parameters for ever";
    ServiceIdentifierDropped "service-identifier-dropped" "PAR-12" "sends a non-CPM service identifier not back";
    ParametersBySmsUserAlone "parameters-by-sms-user-alone" "PAR-13" "sends back the parameters of the latest message to an SMS user, whoever wrote it";

    // Group chats.
    RefusesGroupChats "refuses-group-chats" "GRP-01" "refuses every invitation to a group chat";
    GroupMessageToInviter "group-message-to-inviter" "GRP-02" "sends a short message to a group chat into the inviter's own chat with the SMS user";
    GroupTextNotUsed "group-text-not-used" "GRP-03" "invites to a group chat with the text for chats between two";
    GroupOnlyOriginating "group-only-originating" "GRP-04" "refuses group chats with an SMS recipient who is a CPM user";
    ReplacementAsksAgain "replacement-asks-again" "GRP-05" "asks the SMS user again when his chat becomes a group chat";
    ReplacedSessionStays "replaced-session-stays" "GRP-05" "goes on with the chat between two that has become a group chat";
    GroupSenderNotShown "group-sender-not-shown" "GRP-06" "does not say who wrote a text of a group chat";
    GroupSenderIsInviter "group-sender-is-inviter" "GRP-06" "names the inviter as the writer of every text of a group chat";
    ChangesNotTold "changes-not-told" "GRP-07" "does not tell the SMS user who joins or leaves a group chat";
    LeaversUntold "leavers-untold" "GRP-07" "tells the SMS user who joins a group chat, and not who leaves it";
    ChangesToldDespitePolicy "changes-told-despite-policy" "GRP-07" "tells the SMS user who joins or leaves although the policy is not to";
    EveryChangeTold "every-change-told" "GRP-08" "sends a short message for every change of a group chat";
    GroupServiceIgnored "group-service-ignored" "GRP-09" "takes an invitation for the group session service for one between two unless its Contact is a focus";

    // Teardown.
    NoClosingMessage "no-closing-message" "TD-01" "does not tell the SMS user that the chat has ended";
    ClosingMessageDespitePolicy "closing-message-despite-policy" "TD-02" "tells the SMS user although the policy is not to";
    ClosingTextHardCoded "closing-text-hard-coded" "TD-03" "ignores the operator's closing text";
    ByeNotAnswered "bye-not-answered" "TD-04" "does not answer BYE";
    ByeWaitsForSm "bye-waits-for-sm" "TD-04" "answers BYE only when the closing message has been accepted";
    MsrpLeftOpen "msrp-left-open" "TD-04" "leaves the MSRP connection open after the session";
    ClosingMessageFromOtherNumber "closing-message-from-other-number" "TD-05" "sends the closing message from another number";
    LeaveKeywordIgnored "leave-keyword-ignored" "TD-07" "acknowledges the leave keyword and goes on";
    ByesTwice "byes-twice" "TD-07" "sends a second BYE after the leave keyword";
    LeaveKeywordRelayed "leave-keyword-relayed" "TD-08" "relays the leave keyword into the chat before it ends";
    SessionSurvivesError "session-survives-error" "TD-10" "keeps the message session when its BYE gets an error";
    CrossingByeUnanswered "crossing-bye-unanswered" "TD-11" "does not answer a BYE that crosses its own";
    ClosingMessageRepeated "closing-message-repeated" "TD-11" "sends the closing message again when the SMS user leaves a session that has ended";
    TerminatingTeardownSilent "terminating-teardown-silent" "TD-12" "sends no closing message to an SMS recipient who is a CPM user";
    IgnoresExpiry "ignores-expiry" "TD-13" "goes on with a session that was not refreshed";
    ExpiryUntold "expiry-untold" "TD-13" "does not tell the SMS user that an unrefreshed session has ended";
    LostConnectionIgnored "lost-connection-ignored" "TD-14" "goes on without an MSRP connection";
    LostConnectionEndsAtOnce "lost-connection-ends-at-once" "TD-14" "gives a lost MSRP connection no time to come back";
    LostConnectionWithoutReason "lost-connection-without-reason" "TD-14" "says BYE without a reason when the MSRP connection is lost";

    // Registration.
    RefusesThirdPartyRegister "refuses-third-party-register" "RTE-09" "answers 403 to the third-party REGISTER of the S-CSCF";
    IgnoresRegisteredCapabilities "ignores-registered-capabilities" "RTE-09" "takes every registered terminal for one that can do everything";
    IgnoresDeregistration "ignores-deregistration" "RTE-09" "goes on sending to a user whose registration has ended";

    // Transport level: SMS over IP.
    RefusesEncapsulatedSubmit "refuses-encapsulated-submit" "TLI-01" "answers 415 to a MESSAGE that encapsulates a short message";
    EncapsulatedSubmitDropped "encapsulated-submit-dropped" "TLI-01" "accepts an encapsulated short message and sends none to the service centre";
    SubmitUnderWrongOriginator "submit-under-wrong-originator" "TLI-02" "forwards an encapsulated short message under another number than the sender's";
    SubmitReportBeforeAccepted "submit-report-before-accepted" "TLI-03" "sends the submit report before the 202";
    SubmitAnsweredOk "submit-answered-ok" "TLI-03" "answers 200 instead of 202 to an encapsulated short message";
    DeliversFromTheSmsUser "delivers-from-the-sms-user" "TLI-04" "names the SMS user in From and P-Asserted-Identity of an encapsulated short message";
    AcceptContactLeftOut "accept-contact-left-out" "TLI-04" "sends an encapsulated short message without Accept-Contact";
    ForkingLeftOpen "forking-left-open" "TLI-04" "sends an encapsulated short message without Request-Disposition";
    ContentTypeOfCpim "content-type-of-cpim" "TLI-04" "labels an encapsulated short message as message/cpim";
    DeliveryReportAnsweredOk "delivery-report-answered-ok" "TLI-05" "answers 200 instead of 202 to a delivery report";
    StatusReportDropped "status-report-dropped" "TLI-06" "keeps the status report of an encapsulated short message to itself";
    InReplyToDiffers "in-reply-to-differs" "TLI-07" "names another Call-ID in the In-Reply-To of a submit report";
    ReportReferenceDiffers "report-reference-differs" "TLI-07" "gives a submit report another message reference than the message reported";
    ReportOfWrongType "report-of-wrong-type" "TLI-08" "sends submit reports with the type of a mobile's";
    MemoryNoticeUnanswered "memory-notice-unanswered" "TLI-09" "sends no RP-ACK for RP-SMMA";
    MemoryNoticeKept "memory-notice-kept" "TLI-09" "does not tell the HSS that the user has memory again";
    EncapsulatedInBase64 "encapsulated-in-base64" "TLI-11" "encodes encapsulated short messages in base64";
    RefusesDummyNumber "refuses-dummy-number" "TLI-10" "refuses a short message whose recipient has a SIP URI and no number";
    OriginatorNotDummy "originator-not-dummy" "TLI-10" "delivers a short message of a user without number under the service centre's number";
    SenderUriLeftOut "sender-uri-left-out" "TLI-10" "delivers a short message of a user without number without the XML body that names him";
    MsisdnLessUnsaid "msisdn-less-unsaid" "TLI-10" "delivers to a user without number without Feature-Caps";
    TransportLevelBeforeChat "transport-level-before-chat" "S2M-10" "sends a short message to a session number as an encapsulated one";
    InstantMessageToTheSc "instant-message-to-the-sc" "PGO-08" "submits an instant message to the SC although the recipient is registered for SMS over IP";
    NotifiesBeforeTheReport "notifies-before-the-report" "DR-06" "tells the sender of delivery before it has answered the delivery report";

    // Communication barring: the rules.
    UnconditionalIcbIgnored "unconditional-icb-ignored" "CB-01" "does not bar incoming communications between users by a single rule without conditions";
    UnconditionalOcbIgnored "unconditional-ocb-ignored" "CB-02" "does not bar outgoing communications between users by a single rule without conditions";
    AnonymousCallerAdmitted "anonymous-caller-admitted" "CB-03" "does not reject anonymous users by a single rule for them";
    UnknownCallerRejected "unknown-caller-rejected" "CB-04" "takes a caller without asserted identity for an anonymous one";
    AcrRefusedAsBarred "acr-refused-as-barred" "CB-05" "refuses an anonymous caller with 603 instead of 433";
    PrivacyNoneRejected "privacy-none-rejected" "CB-06" "takes Privacy: none for a restriction";
    DiversionNotSeen "diversion-not-seen" "CB-07" "does not read in History-Info that a communication was diverted";
    OriginatingOfferAltered "originating-offer-altered" "CB-08" "alters the body of outgoing communications that it does not bar";
    TerminatingOfferAltered "terminating-offer-altered" "CB-09" "alters the body of incoming communications that it does not bar";
    BarredIsForbidden "barred-is-forbidden" "CB-10" "refuses barred communications with 403 instead of 603";
    ReasonCauseDiffers "reason-cause-differs" "CB-11" "gives cause 403 in the Reason of a refusal";
    AnnouncementByeWithoutReason "announcement-bye-without-reason" "CB-11" "ends an answered announcement without Reason";
    EarlyMediaNotSaid "early-media-not-said" "CB-12" "sends an announcement as early media without P-Early-Media";
    FirstMatchingRuleWins "first-matching-rule-wins" "CB-13" "lets the first matching rule decide, not any that allows";
    NoMatchBars "no-match-bars" "CB-14" "bars an incoming communication that none of several rules by identity matches";
    NoMatchBarsOutgoing "no-match-bars-outgoing" "CB-15" "bars an outgoing communication that none of several rules by identity matches";
    OneConditionSuffices "one-condition-suffices" "CB-16" "takes a rule for matching when one of its conditions holds";
    PresenceIgnored "presence-ignored" "CB-17" "does not look at the called user's presence";
    ExceptionsIgnored "exceptions-ignored" "CB-18" "does not read the exceptions of an identity condition";
    DeactivatedRuleApplies "deactivated-rule-applies" "CB-19" "carries out rules that are deactivated";
    OtherIdentityNamesAll "other-identity-names-all" "CB-19" "takes also those for other identities whom a rule names";
    RequestNameIgnored "request-name-ignored" "CB-19" "does not compare the method with the request name of a rule";
    ValidityIgnored "validity-ignored" "CB-19" "takes a rule for valid at any time";
    UnknownConditionHolds "unknown-condition-holds" "CB-19" "takes conditions that are not used for barring for true";
    MediaIgnored "media-ignored" "CB-19" "does not compare the offered media with those of a rule";
    RoamingNotSeen "roaming-not-seen" "CB-19" "does not notice that the served user is roaming";
    InternationalNotSeen "international-not-seen" "CB-19" "does not notice that a called number is of another country";
    HomeCountryNotExcepted "home-country-not-excepted" "CB-19" "does not except the home country of a roaming user";
    AcrReadAsIcb "acr-read-as-icb" "CB-41" "gives ACR beside ICB without its condition when a user reads his services";

    // Communication barring: conferences.
    OcbIgnoredForJoining "ocb-ignored-for-joining" "CB-20" "does not bar outgoing communications that join a conference";
    OcbIgnoredForCreating "ocb-ignored-for-creating" "CB-21" "does not bar outgoing communications to the conference factory";
    OcbIgnoredForReferred "ocb-ignored-for-referred" "CB-22" "does not bar joining a conference where somebody else has asked for it";
    IcbIgnoredForFocus "icb-ignored-for-focus" "CB-23" "does not bar incoming communications from a terminal that is a focus";
    IcbIgnoredForListed "icb-ignored-for-listed" "CB-25" "does not bar invitations that carry the list by which a conference was created";
    IcbIgnoredForListsInRefer "icb-ignored-for-lists-in-refer" "CB-26" "does not bar invitations that follow from a REFER";
    OcbIgnoredForLegs "ocb-ignored-for-legs" "CB-28" "does not bar joining a conference by Join or Replaces";
    BarringUntold "barring-untold" "CB-24" "tells who has added a barred user 480 instead of 603";
    IcbIgnoredForReplacing "icb-ignored-for-replacing" "CB-27" "does not bar invitations of a focus that would replace a call";
    ConferenceNotIdentified "conference-not-identified" "CB-29" "does not take the conference URI for the identity of the inviter";
    NewConferencesNotInDomain "new-conferences-not-in-domain" "CB-30" "does not find conferences that are yet to be made in the domain that is barred";
    ReferredConferencesNotInDomain "referred-conferences-not-in-domain" "CB-30" "does not find the conference a user is referred to in the domain that is barred";
    ConferencesNotInDomain "conferences-not-in-domain" "CB-30" "does not find conferences in the domain that is barred";
    AnonymousFocusAdmitted "anonymous-focus-admitted" "CB-31" "does not reject the anonymous invitation of a focus";
    WindowIgnoredForConferences "window-ignored-for-conferences" "CB-32" "does not bar invitations of a focus within a time window";
    ParticipantsAdmittedAgain "participants-admitted-again" "CB-33" "lets users back into conferences they have been in, whatever is barred";
    DeactivatedOcbBars "deactivated-ocb-bars" "CB-34" "bars joining a conference although OCB is not active any more";
    OcbBarsBeingAdded "ocb-bars-being-added" "CB-35" "takes OCB for a bar against being added, but not against being listed";
    InviterRefusedAsError "inviter-refused-as-error" "CB-36" "answers 500 to the invitation of a user whom the one who adds him may not call";
    EmergencyBarred "emergency-barred" "CB-38" "bars emergency calls as it does others";
    AnonymousDiverted "anonymous-diverted" "CB-39" "diverts anonymous communications that the diverting user rejects";
    BarredDiverted "barred-diverted" "CB-40" "diverts communications that the diverting user bars";

    // The Ut server: XCAP and its documents.
    EncodedUserUnknown "encoded-user-unknown" "UT-02" "does not find the document of a user whose identity is percent-encoded in the address";
    SelectorPrefixesIgnored "selector-prefixes-ignored" "UT-03" "knows no prefix that the query of a request binds to the namespace of simservs";
    MediaTypeUnchecked "media-type-unchecked" "UT-04" "takes a document under any media type";
    NodeTypeWrong "node-type-wrong" "UT-04" "gives a node of a document back as application/xml";
    OnlyPrefixedDocuments "only-prefixed-documents" "UT-05" "refuses a document whose namespace is its default one";
    UtUnauthenticated "ut-unauthenticated" "UT-06" "challenges nobody on Ut";
    NoEtag "no-etag" "UT-07" "leaves the entity tag out of its responses";
    IfMatchIgnored "if-match-ignored" "UT-08" "makes a change that was meant for another version of the document";
    IfNoneMatchIgnored "if-none-match-ignored" "UT-08" "sends the document again although the client has this version";
    NewNot201 "new-not-201" "UT-09" "answers 200 when a document or node is new";
    ReplacedAs201 "replaced-as-201" "UT-09" "answers 201 when a document is replaced";
    DeleteKeeps "delete-keeps" "UT-09" "acknowledges that a document is deleted and keeps it";
    MissingAs200 "missing-as-200" "UT-09" "answers 200 where there is no document";
    SchemaUnchecked "schema-unchecked" "UT-10" "keeps simservs documents that do not follow their schema";
    UniquenessUnchecked "uniqueness-unchecked" "UT-10" "keeps resource lists that name one list twice";
    NoParentAs404 "no-parent-as-404" "UT-10" "answers 404 instead of 409 when the parent of a new node is not there";
    PutElsewhere "put-elsewhere" "UT-11" "keeps an element under an address that does not lead to it";
    DeactivationLost "deactivation-lost" "UT-13" "keeps the deactivation of a rule for barring and does not show it";
    ConditionsNotShown "conditions-not-shown" "UT-13" "does not show where the rule of a programme applies as long as it is activated";
    BarringOfLastCall "barring-of-last-call" "UT-14" "goes by what a user had configured when he last called somebody";
    BarringWhenLastCalled "barring-when-last-called" "UT-14" "goes by what a user had configured when another user last called him";
    InactiveServiceBars "inactive-service-bars" "UT-16" "carries out between users the rules of a service that is not active";
    InactiveRulesLost "inactive-rules-lost" "UT-16" "does not show the rules of a service that is not active";
    InactiveForGood "inactive-for-good" "UT-16" "never activates a service again that was not active";

    // The MMTel conference service and CMMC.
    FocusLegTaken "focus-leg-taken" "CX-01" "includes a communication with a CMMC focus in a CONF conference by Replaces";
    FocusCalled "focus-called" "CX-02" "calls a CMMC conference into a CONF conference";
    FocusOfCreatingListTaken "focus-of-creating-list-taken" "CX-03" "calls a CMMC conference that the list of a CONF creation names";
    FocusOfReferredListTaken "focus-of-referred-list-taken" "CX-04" "calls a CMMC conference that the list of a REFER names";
    FocusJoins "focus-joins" "CX-05" "lets another focus join a CONF conference";
    FocusTakenAsThird "focus-taken-as-third" "CX-06" "includes a communication with a CMMC focus beside one with a user that was moved in before";
    RefusedThirdEndsBoth "refused-third-ends-both" "CX-06" "ends the communication that was moved in before when it refuses a CMMC focus beside it";
    FocusKnownByItsDomain "focus-known-by-its-domain" "CX-07" "knows a CMMC focus by the spelling of its URI alone";
    CmmcTakesFocus "cmmc-takes-focus" "CX-08" "lets another focus join a CMMC conference";
    HeldLegNotResumed "held-leg-not-resumed" "CX-09" "refuses to resume a held communication with the CMMC focus";
    RefusalOfFocusSticks "refusal-of-focus-sticks" "CX-10" "takes nobody into a CONF conference any more that has refused a CMMC focus";
    ProbedFocusIdle "probed-focus-idle" "CX-11" "takes no request for a CMMC conference any more that was asked by OPTIONS what it is";

    // CMMC conferences and their focus.
    EntityPerSubscriber "entity-per-subscriber" "CM-01" "tells each subscriber the state of a conference of another name";
    DeparturesUnnoticed "departures-unnoticed" "CM-02" "does not tell subscribers that somebody has left";
    CreatesForAnybody "creates-for-anybody" "CM-03" "creates conferences for users who are no CMMC service subscribers";
    SilentFocus "silent-focus" "CM-05" "sends no audio to participants";
    HoldIgnored "hold-ignored" "CM-06" "goes on sending audio to who has put it on hold";
    ServicesRestInConference "services-rest-in-conference" "CM-06" "does not bar communications between users for somebody who has joined a conference";
    FactoryWithoutIsfocus "factory-without-isfocus" "CF-02" "answers an INVITE to the factory without isfocus";
    UnfollowedConferenceClosed "unfollowed-conference-closed" "CF-02" "lets nobody join a conference whose state nobody follows";
    OneConferenceForTenNumbers "one-conference-for-ten-numbers" "CF-02" "gives one conference to creators whose numbers differ in the last digit only";
    AddsForAnybody "adds-for-anybody" "CF-03" "adds users at the request of somebody who takes no part";
    RemovesForAnybody "removes-for-anybody" "CF-03" "removes users at the request of any participant";
    HidesOnDialIn "hides-on-dial-in" "CF-04" "answers an INVITE to the conference URI without isfocus";
    DialsOutWithoutIsfocus "dials-out-without-isfocus" "CF-05" "invites users without isfocus in Contact";
    HidesFromOptions "hides-from-options" "CF-06" "answers OPTIONS without isfocus";
    TelUriRefused "tel-uri-refused" "CF-07" "refuses to add a user by tel URI";
    SecondReferToOverlooked "second-refer-to-overlooked" "CF-07" "adds the first user of a REFER with two Refer-To";
    ReferAcceptedWith202 "refer-accepted-with-202" "CF-08" "accepts REFER with 202";
    ReferAcceptedWith204 "refer-accepted-with-204" "CF-08" "accepts REFER with 204";
    NoImmediateNotification "no-immediate-notification" "CF-09" "tells the sender of a REFER nothing until the end";
    OutcomeNotTold "outcome-not-told" "CF-09" "does not tell the sender of a REFER how it ended";
    NotifiesDespiteReferSub "notifies-despite-refer-sub" "CF-10" "notifies the sender of a REFER who wants no notifications";
    UnknownExtensionOverlooked "unknown-extension-overlooked" "CF-10" "does what a REFER asks for although it does not know an extension that is required";
    ReferredJoinsRefused "referred-joins-refused" "CF-11" "refuses INVITEs that somebody has referred";
    RemovalWithoutBye "removal-without-bye" "CF-12" "shows a removed user as booted and leaves his session as it is";
    ReplacesNotPassedOn "replaces-not-passed-on" "CF-14" "leaves Replaces out of the INVITE that moves a call";
    ReplacedLegKept "replaced-leg-kept" "CF-15" "keeps the leg that another has replaced";
    ReplacesWithoutMatch "replaces-without-match" "CF-15" "lets users join by a Replaces that names no leg";
    EarlyOnlyIgnored "early-only-ignored" "CF-15" "has a confirmed leg replaced by who wants none but an early one";
    JoinWithoutMatch "join-without-match" "CF-15" "lets users join by a Join that names no leg";
    ListIgnored "list-ignored" "CF-16" "creates a conference and invites nobody of the list";
    ListTakenWithinDialog "list-taken-within-dialog" "CF-17" "accepts a list of users within a dialog";
    BlindCopiesShown "blind-copies-shown" "CF-18" "shows blind copies in the list that the others get";
    AnonymizeIgnored "anonymize-ignored" "CF-18" "shows who wants to be anonymous in the list that the others get";
    CopyControlMisspelt "copy-control-misspelt" "CF-19" "spells the namespace of copy control with a capital letter";
    PermissionNotAsked "permission-not-asked" "CF-20" "invites users who have not permitted it";
    LateSubscribersGetPartial "late-subscribers-get-partial" "CF-21" "begins with a partial state for all subscribers but the first";
    EndsWithTimeout "ends-with-timeout" "CF-21" "gives timeout as the reason when a conference ends";
    DepartureToldTwice "departure-told-twice" "CF-22" "tells a departure twice under one version";
    StatusOfOurOwn "status-of-our-own" "CF-23" "calls dialing-out ringing";
    AddedShownAsDialedIn "added-shown-as-dialed-in" "CF-24" "shows added users as dialed-in";
    JoinedShownAsDialedOut "joined-shown-as-dialed-out" "CF-24" "shows who has joined himself as dialed-out";
    DepartedShownAsBooted "departed-shown-as-booted" "CF-24" "shows who has left as booted";
    BootedShownAsDeparted "booted-shown-as-departed" "CF-24" "shows who was removed as departed";
    BusyShownAsFailed "busy-shown-as-failed" "CF-24" "shows who is busy as failed";
    ReasonInWords "reason-in-words" "CF-25" "gives a word as the reason why somebody is not there";
    AnonymousShown "anonymous-shown" "CF-26" "shows the identity of who has asked for privacy";
    OneAliasForAll "one-alias-for-all" "CF-26" "shows all anonymous participants as one";
    NotificationsUnpaced "notifications-unpaced" "CF-27" "tells every change of the conference state at once";
    OutlivesCreator "outlives-creator" "CF-28" "keeps a conference whose creator has left";

    // Common IMS: one service for every access.
    UnknownAccessRefused "unknown-access-refused" "AI-03" "refuses an INVITE over an access network it does not know";
    NoFactoryOverCable "no-factory-over-cable" "AI-07" "finds no conference factory for a UE on a cable network";
    AccessDemanded "access-demanded" "AI-11" "refuses an INVITE that does not say over which access network it comes";
    BarringIgnoredOverWlan "barring-ignored-over-wlan" "AI-01" "does not bar what comes over a WLAN";
    BarredOtherwiseOverHrpd "barred-otherwise-over-hrpd" "AI-01" "refuses what is barred with another code over cdma2000 high rate packet data";
    FocusHiddenOverSatellite "focus-hidden-over-satellite" "AI-01" "does not say isfocus to who joins over a satellite network";
    AccessRewritten "access-rewritten" "AI-02" "cuts P-Access-Network-Info down to the access type";
    WlanTakenForRoaming "wlan-taken-for-roaming" "AI-06" "takes every user on a WLAN for a roaming one";
    ProgressOverWlan "progress-over-wlan" "AI-09" "sends 183 before it accepts a new conference over a WLAN";
    BarredAtRegistration "barred-at-registration" "AI-10" "ends the conference sessions of who registers over a WLAN";
    AccessChangeBarred "access-change-barred" "AI-10" "refuses a re-INVITE over a WLAN as barred";
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| format!("no fault is called `{name}`; GET /v1/faults lists them"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_fault_has_a_name_of_its_own_that_reads_back() {
        let names: HashSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
            assert!(!fault.what().is_empty() && fault.requirement().contains('-'));
        }
        assert!("no-such-fault".parse::<Fault>().is_err());
    }

    #[test]
    fn every_fault_has_its_line_in_the_fixtures() {
        let lines = include_str!("../../fixtures/faults.yaml").lines();
        let listed = lines.filter_map(|line| line.strip_prefix("- name: "));
        let listed: Vec<&str> = listed.collect();
        let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(listed, names);
    }
}
