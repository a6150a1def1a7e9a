/*
  Rules of the embedded scanner. Each has `verdict`: `infected` means harm, `suspicious` means
  that a person should look. Set from outside, per piece of bytes that is judged:
    start      these bytes begin at the first byte of a file or of an archive's member
    document   the name claims a document, a picture or a recording
    macros     these bytes are the decompressed source of a macro
*/

rule Eicar_Test_File
{
    meta:
        verdict = "infected"
        source = "https://www.eicar.org/download-anti-malware-testfile/"
    strings:
        // Hexadecimal, so that this source is not itself a finding for other scanners.
        $test = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24 45 49 43 41 52 2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53 54 2D 46 49 4C 45 21 24 48 2B 48 2A }
    condition:
        start and $test at 0
}

rule Program_Named_As_Document
{
    meta:
        verdict = "suspicious"
    condition:
        start and document and (
            (uint16(0) == 0x5A4D and uint32(uint32(0x3C)) == 0x00004550) or
            uint32(0) == 0x464C457F or
            uint32be(0) == 0xFEEDFACE or uint32be(0) == 0xFEEDFACF or
            uint32be(0) == 0xCEFAEDFE or uint32be(0) == 0xCFFAEDFE or
            (uint32(0) == 0x0000004C and uint32(4) == 0x00021401)
        )
}

rule Macro_Opens_And_Runs
{
    meta:
        verdict = "suspicious"
    strings:
        $open1 = "AutoOpen" nocase
        $open2 = "Auto_Open" nocase
        $open3 = "AutoExec" nocase
        $open4 = "Document_Open" nocase
        $open5 = "Workbook_Open" nocase
        $open6 = "Workbook_Activate" nocase
        $open7 = "AutoClose" nocase
        $run1 = "WScript.Shell" nocase
        $run2 = "Shell.Application" nocase
        $run3 = /\bShell[ (]/ nocase
        $run4 = "powershell" nocase
        $run5 = "cmd.exe" nocase
        $run6 = "URLDownloadToFile" nocase
        $run7 = "MSXML2.XMLHTTP" nocase
        $run8 = "ADODB.Stream" nocase
        $run9 = "Win32_Process" nocase
    condition:
        macros and any of ($open*) and any of ($run*)
}

rule Pdf_Launches_Program
{
    meta:
        verdict = "suspicious"
    strings:
        $header = "%PDF-"
        $launch = /\/Launch\b/
        $program1 = "cmd.exe" nocase
        $program2 = "powershell" nocase
        $program3 = /\/Win\s*<</
        $program4 = "/bin/sh"
        $program5 = "mshta" nocase
    condition:
        start and $header in (0..1024) and $launch and any of ($program*)
}

rule Rtf_Embeds_Program
{
    meta:
        verdict = "suspicious"
    strings:
        $embedded = "\\objdata"
        $equation = "4571756174696f6e2e33" nocase
        $package = "\\objclass Package" nocase
        $program = /4d5a[0-9a-f\s]{200,400}50450000/ nocase
    condition:
        start and uint32be(0) == 0x7B5C7274 and $embedded and ($equation or $program or ($package and $program))
}

rule Shortcut_Runs_Script
{
    meta:
        verdict = "suspicious"
    strings:
        $run1 = "powershell" nocase ascii wide
        $run2 = "mshta" nocase ascii wide
        $run3 = "wscript" nocase ascii wide
        $run4 = "/c start" nocase ascii wide
    condition:
        start and uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of them
}

rule Html_Carries_Program
{
    meta:
        verdict = "suspicious"
    strings:
        $tag = "<script" nocase
        $save1 = "msSaveOrOpenBlob" nocase
        $save2 = "createObjectURL" nocase
        // A program or an archive, as base64 writes their first bytes.
        $packed1 = "TVqQAAMAAAAE"
        $packed2 = "TVpQAAIAAAAE"
        $packed3 = "UEsDBBQAA"
    condition:
        start and $tag in (0..65536) and any of ($save*) and any of ($packed*)
}

rule Notebook_Runs_Script
{
    meta:
        verdict = "suspicious"
        source = "https://learn.microsoft.com/openspecs/office_file_formats/ms-one/"
    strings:
        $run1 = "WScript" nocase ascii wide
        $run2 = "powershell" nocase ascii wide
        $run3 = "cmd.exe" nocase ascii wide
        $run4 = "mshta" nocase ascii wide
        // What marks a file put into a page.
        $embedded = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC }
    condition:
        start and uint32be(0) == 0xE4525C7B and uint32be(4) == 0x8CD8A74D and $embedded and any of ($run*)
}

rule Office_Field_Runs_Program
{
    meta:
        verdict = "suspicious"
        source = "https://learn.microsoft.com/security-updates/securityadvisories/2017/4053440"
    strings:
        $part = "<w:document"
        $field = /DDE(AUTO)?\b[^<]{0,200}(cmd|powershell|mshta|wscript|cscript|rundll32)/ nocase
    condition:
        start and $part in (0..4096) and $field
}

rule Office_Loads_Template_From_Outside
{
    meta:
        verdict = "suspicious"
        source = "https://attack.mitre.org/techniques/T1221/"
    strings:
        $part = "http://schemas.openxmlformats.org/package/2006/relationships"
        $kind = "/relationships/attachedTemplate\""
        $outside = /Target\s*=\s*"https?:\/\// nocase
        $mode = /TargetMode\s*=\s*"External"/
    condition:
        start and $part in (0..4096) and $kind and $outside and $mode
}
