"""What the simulator can put into a heart: SCP statements, as PTB-XL codes them."""

from dataclasses import dataclass
from enum import StrEnum

from core.ecg import Superclass


class Finding(StrEnum):
    """The diagnostic SCP statements that can be simulated; the value is PTB-XL's code."""

    NORM = "NORM"
    ASMI = "ASMI"
    AMI = "AMI"
    ALMI = "ALMI"
    LMI = "LMI"
    IMI = "IMI"
    ILMI = "ILMI"
    PMI = "PMI"
    NDT = "NDT"
    NST = "NST_"
    ISC = "ISC_"
    ISCAL = "ISCAL"
    ISCAS = "ISCAS"
    ISCIN = "ISCIN"
    DIG = "DIG"
    LNGQT = "LNGQT"
    CLBBB = "CLBBB"
    CRBBB = "CRBBB"
    IRBBB = "IRBBB"
    LAFB = "LAFB"
    LPFB = "LPFB"
    AVB1 = "1AVB"
    IVCD = "IVCD"
    LVH = "LVH"
    RVH = "RVH"
    LAE = "LAO/LAE"
    RAE = "RAO/RAE"

    @property
    def superclass(self) -> Superclass:
        """The diagnostic superclass that PTB-XL files it under."""
        return STATEMENTS[self].superclass


@dataclass(frozen=True)
class Statement:
    """A row of scp_statements.csv."""

    description: str
    superclass: Superclass
    subclass: str


_NORM, _MI, _STTC, _CD, _HYP = Superclass

STATEMENTS: dict[Finding, Statement] = {
    Finding.NORM: Statement("normal ECG", _NORM, "NORM"),
    Finding.ASMI: Statement("anteroseptal myocardial infarction", _MI, "AMI"),
    Finding.AMI: Statement("anterior myocardial infarction", _MI, "AMI"),
    Finding.ALMI: Statement("anterolateral myocardial infarction", _MI, "AMI"),
    Finding.LMI: Statement("lateral myocardial infarction", _MI, "LMI"),
    Finding.IMI: Statement("inferior myocardial infarction", _MI, "IMI"),
    Finding.ILMI: Statement("inferolateral myocardial infarction", _MI, "IMI"),
    Finding.PMI: Statement("posterior myocardial infarction", _MI, "PMI"),
    Finding.NDT: Statement("non-diagnostic T abnormalities", _STTC, "STTC"),
    Finding.NST: Statement("non-specific ST changes", _STTC, "NST_"),
    Finding.ISC: Statement("non-specific ischemic", _STTC, "ISC_"),
    Finding.ISCAL: Statement("ischemic in anterolateral leads", _STTC, "ISCA"),
    Finding.ISCAS: Statement("ischemic in anteroseptal leads", _STTC, "ISCA"),
    Finding.ISCIN: Statement("ischemic in inferior leads", _STTC, "ISCI"),
    Finding.DIG: Statement("digitalis-effect", _STTC, "STTC"),
    Finding.LNGQT: Statement("long QT-interval", _STTC, "STTC"),
    Finding.CLBBB: Statement("complete left bundle branch block", _CD, "CLBBB"),
    Finding.CRBBB: Statement("complete right bundle branch block", _CD, "CRBBB"),
    Finding.IRBBB: Statement("incomplete right bundle branch block", _CD, "IRBBB"),
    Finding.LAFB: Statement("left anterior fascicular block", _CD, "LAFB/LPFB"),
    Finding.LPFB: Statement("left posterior fascicular block", _CD, "LAFB/LPFB"),
    Finding.AVB1: Statement("first degree AV block", _CD, "_AVB"),
    Finding.IVCD: Statement(
        "non-specific intraventricular conduction disturbance (block)", _CD, "IVCD"
    ),
    Finding.LVH: Statement("left ventricular hypertrophy", _HYP, "LVH"),
    Finding.RVH: Statement("right ventricular hypertrophy", _HYP, "RVH"),
    Finding.LAE: Statement("left atrial overload/enlargement", _HYP, "LAO/LAE"),
    Finding.RAE: Statement("right atrial overload/enlargement", _HYP, "RAO/RAE"),
}

# Rhythm and form statements that a simulated record may carry beside its findings.
OTHER_STATEMENTS = {
    "SR": ("sinus rhythm", "rhythm"),
    "SBRAD": ("sinus bradycardia", "rhythm"),
    "STACH": ("sinus tachycardia", "rhythm"),
    "PVC": ("ventricular premature complex", "form"),
}
